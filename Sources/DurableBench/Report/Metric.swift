/// What a figure is of.
package struct Metric: Sendable, Hashable {
    /// Its name in JSON, with the unit where there is one.
    package let key: String
    /// Its name for people, with the unit where there is one.
    package let title: String
    /// How many digits people are shown after the point.
    let digits: Int

    init(_ key: String, _ title: String, digits: Int = 0) {
        self.key = key
        self.title = title
        self.digits = digits
    }

    static let rate = Metric("executionsPerSecond", "executions/s")
    static let wallRate = Metric("executionsPerSecondWall", "executions/s by our clock")
    static let insertRate = Metric("insertsPerSecond", "inserts/s")
    static let meanLatency = Metric("meanMs", "mean, ms", digits: 2)
    static let refused = Metric("refused", "refused")
    static let finalizes = Metric("finalizesPerParent", "finalize executions per parent")
    static let micros = Metric("elapsedMicros", "time per execution, µs", digits: 1)

    static let wal = Metric("walBytes", "WAL bytes per execution")
    static let statements = Metric("statements", "statements per execution", digits: 4)
    static let transactions = Metric("writeTransactions", "write transactions per execution", digits: 4)
    static let checkpoints = Metric("checkpointed", "a checkpoint since the schema was made")
    static let otherCores = Metric("otherCores", "cores used by others", digits: 2)

    static let transactionRate = Metric("transactionsPerSecond", "transactions/s of the database", digits: 1)

    static func memory(_ role: Role) -> Metric {
        Metric(role.rawValue + "ResidentMB", "memory of \(role.title), MB", digits: 1)
    }

    static func cpu(_ role: Role) -> Metric {
        Metric(role.rawValue + "CPUMicros", "CPU of \(role.title), µs per execution", digits: 1)
    }

    /// The four figures of a latency: `p50Ms` and so on.
    ///
    /// - Parameter name: What it is the latency of, in front of the names; empty where there is only one.
    static func latency(_ name: String = "", _ title: String = "") -> [Percentile: Metric] {
        var metrics: [Percentile: Metric] = [:]
        for percentile in Percentile.allCases {
            let rank = percentile.rawValue
            let key = name.isEmpty ? rank : name + rank.prefix(1).uppercased() + rank.dropFirst()
            metrics[percentile] = Metric(key + "Ms", title + (title.isEmpty ? "" : " ") + "\(rank), ms", digits: 2)
        }
        return metrics
    }
}

/// Whose processor time it is.
package enum Role: String, Sendable, Hashable, CaseIterable {
    /// The benchmark's own process.
    case bench
    case frontEnd
    case worker
    /// The procedures that the worker calls.
    case echo
    /// All of the server's processes on this machine.
    case postgres

    var title: String {
        switch self {
        case .bench: "the benchmark"
        case .frontEnd: "the front end"
        case .worker: "the workers"
        case .echo: "the procedures"
        case .postgres: "PostgreSQL"
        }
    }
}
