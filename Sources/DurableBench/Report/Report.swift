package import DurableWire

/// What a benchmark found: cases, each measured in several rounds, and how they compare.
package struct Report: Sendable {
    /// One thing that was measured.
    package struct Case: Sendable {
        package let name: String
        package var rounds: [Sample] = []

        /// Each figure's median over the rounds that have it.
        package var median: Sample {
            var median = Sample()
            var known: Set<Metric> = []
            for metric in rounds.flatMap({ $0.figures.map(\.metric) }) where known.insert(metric).inserted {
                if let value = rounds.compactMap({ $0[metric] }).median { median.add(metric, value) }
            }
            return median
        }
    }

    /// One figure of a case by the same of another, round by round.
    package struct Ratio: Sendable {
        package let name: String
        package let rounds: [Double]

        package var median: Double? { rounds.median }
    }

    package let benchmark: String
    /// What it was measured with.
    package var parameters: [JSON.Member]
    /// The database server: its version and the settings that matter.
    package var server: [JSON.Member] = []
    package private(set) var cases: [Case] = []
    package private(set) var ratios: [Ratio] = []
    /// What one has to know to read the figures.
    package var notes: [String] = []

    init(_ benchmark: String, parameters: [JSON.Member]) {
        self.benchmark = benchmark
        self.parameters = parameters
    }

    /// Adds a round of a case.
    mutating func add(_ sample: Sample, to name: String) {
        if let index = cases.firstIndex(where: { $0.name == name }) {
            cases[index].rounds.append(sample)
        } else {
            cases.append(Case(name: name, rounds: [sample]))
        }
    }

    /// Compares two cases by a figure, each round with the other's of the same number.
    mutating func compare(_ name: String, _ metric: Metric, of dividend: String, to divisor: String) {
        let pairs = zip(rounds(of: dividend), rounds(of: divisor))
        let rounds = pairs.compactMap { dividend, divisor -> Double? in
            guard let value = dividend[metric], let base = divisor[metric], base > 0 else { return nil }
            return value / base
        }
        if !rounds.isEmpty { ratios.append(Ratio(name: name, rounds: rounds)) }
    }

    mutating func add(_ ratio: Ratio) {
        ratios.append(ratio)
    }

    func rounds(of name: String) -> [Sample] {
        cases.first { $0.name == name }?.rounds ?? []
    }
}
