/// The figures of one round.
package struct Sample: Sendable {
    package private(set) var figures: [(metric: Metric, value: Double)] = []

    package subscript(metric: Metric) -> Double? {
        figures.first { $0.metric == metric }?.value
    }

    mutating func add(_ metric: Metric, _ value: Double) {
        figures.append((metric, value))
    }

    /// Adds the figures of latencies, in milliseconds and any order.
    mutating func add(_ metrics: [Percentile: Metric], of milliseconds: [Double]) {
        let sorted = milliseconds.sorted()
        for percentile in Percentile.allCases {
            if let metric = metrics[percentile] { add(metric, percentile.of(sorted: sorted)) }
        }
    }

    mutating func add(_ other: Sample) {
        figures += other.figures
    }
}
