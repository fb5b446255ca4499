/// The figures that a latency is told by.
enum Percentile: String, Sendable, Hashable, CaseIterable {
    case p50
    case p90
    case p99
    case maximum = "max"

    private var rank: Double {
        switch self {
        case .p50: 0.5
        case .p90: 0.9
        case .p99: 0.99
        case .maximum: 1
        }
    }

    /// The smallest of the values that at least this share of them does not exceed; 0 when there are none.
    ///
    /// - Parameter values: In ascending order.
    func of(sorted values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let count = Int((rank * Double(values.count)).rounded(.up))
        return values[min(max(count, 1), values.count) - 1]
    }
}

extension Sequence<Double> {
    /// The middle one, or the mean of the two in the middle; `nil` when there are none.
    var median: Double? {
        let sorted = sorted()
        guard let last = sorted.indices.last else { return nil }
        return (sorted[last / 2] + sorted[(last + 1) / 2]) / 2
    }
}
