import DurableCore
import DurableWire

/// How fast a worker leases and settles when there is much else in the tables, by how fast it does when there is not.
package struct BacklogBenchmark: Benchmark {
    /// What there is much of.
    package enum Comparison: String, Sendable, CaseIterable {
        /// Executions that are ready.
        case ready
        /// Executions that have finished and are kept.
        case finished
        /// Executions that are scheduled for next week.
        case scheduled
        /// Ready executions of 197 tasks that the worker does not serve, beside the 3 that it serves.
        case tasks
        /// Priorities: twenty of them, by one.
        case priorities
    }

    /// How much of each there is.
    package struct Sizes: Sendable {
        package var ready: Int
        package var finished: Int
        package var scheduled: Int

        package init(ready: Int, finished: Int, scheduled: Int) {
            self.ready = ready
            self.finished = finished
            self.scheduled = scheduled
        }
    }

    private let comparisons: [Comparison]
    private let sizes: Sizes
    private let executions: Int
    private let batch: Int
    private let workers: Int

    package init(comparisons: [Comparison], sizes: Sizes, executions: Int, batch: Int, workers: Int) {
        self.comparisons = comparisons
        self.sizes = sizes
        self.executions = executions
        self.batch = batch
        self.workers = workers
    }

    package func run(_ settings: BenchSettings) async throws -> Report {
        var report = Report(
            "backlog",
            parameters: [
                .init("ready", .number(sizes.ready)), .init("finished", .number(sizes.finished)),
                .init("scheduled", .number(sizes.scheduled)), .init("executions", .number(executions)),
                .init("batch", .number(batch)), .init("workers", .number(workers)),
            ]
        )
        for comparison in comparisons {
            try await compare(comparison, settings, &report)
        }
        return report
    }

    /// Measures a filled schema and one without, in turn.
    private func compare(_ comparison: Comparison, _ settings: BenchSettings, _ report: inout Report) async throws {
        let name = comparison.rawValue
        let found = try await Arena.with(settings, connections: workers) { base in
            try await Arena.with(settings, connections: workers) { filled in
                let start = ContinuousClock.now
                settings.status.begin("Filling in: \(name)", of: size(of: comparison))
                let sides = [
                    try await side(base, with: comparison, isMany: false),
                    try await side(filled, with: comparison, isMany: true),
                ]
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                var rounds: [[Sample]] = []
                try await settings.eachRound { round in
                    settings.status.begin("Round \(round), \(name)", of: 2 * executions)
                    rounds.append(try await measure(sides))
                }
                return (
                    server: try await base.serverFacts(), notes: sides[0].meter.notes(countsOwn: true),
                    seconds: seconds,
                    rounds: rounds
                )
            }
        }
        report.server = found.server
        if report.notes.isEmpty { report.notes = found.notes }
        for round in found.rounds {
            for (sample, amount) in zip(round, ["few", "many"]) { report.add(sample, to: "\(name): \(amount)") }
        }
        report.compare("\(name): many ÷ few", .rate, of: "\(name): many", to: "\(name): few")
        report.notes.append("Filling in \(name) took \(Report.number(found.seconds, digits: 0)) s.")
    }

    // MARK: what there is

    private static let served: [TaskID] = ["bench_1", "bench_2", "bench_3"]
    private static let others: [TaskID] = (4...200).map { TaskID("bench_\($0)") }
    /// How many executions are added at a time, leased and settled: no more than is ready where there are few.
    private static let few = 1000

    private func size(of comparison: Comparison) -> Int {
        switch comparison {
        case .ready, .tasks: sizes.ready
        case .finished: sizes.finished
        case .scheduled: sizes.scheduled
        case .priorities: sizes.ready / 10
        }
    }

    private func priorities(_ comparison: Comparison, isMany: Bool) -> [Int] {
        comparison == .priorities && isMany ? Array(stride(from: -100, to: 100, by: 10)) : [0]
    }

    /// A schema with what there is to be in it, and those who work on it.
    private struct Side {
        let filling: Filling
        let load: StorageLoad
        let workers: [StorageLoad.Worker]
        let meter: Meter
        /// Those of what is added.
        let priorities: [Int]
    }

    private func side(_ arena: Arena, with comparison: Comparison, isMany: Bool) async throws -> Side {
        try await fill(arena, with: comparison, isMany: isMany)
        try await arena.analyze("executions", "ready")
        let load = StorageLoad(storage: arena.storage, tasks: Self.served, status: arena.settings.status)
        return Side(
            filling: Filling(arena: arena, isSilent: true),
            load: load,
            workers: try await load.register(workers),
            meter: try await Meter(arena),
            priorities: priorities(comparison, isMany: isMany)
        )
    }

    private func fill(_ arena: Arena, with comparison: Comparison, isMany: Bool) async throws {
        let filling = Filling(arena: arena)
        let size = size(of: comparison)
        switch comparison {
        case .ready where isMany:
            try await filling.ready(size, of: Self.served)
        case .finished where isMany:
            try await filling.finished(size, of: Self.served[0])
        case .scheduled where isMany:
            try await filling.ready(size, of: Self.served, start: .later(7 * 86_400))
        case .tasks where isMany:
            try await filling.ready(size, of: Self.others)
        case .priorities:
            let priorities = priorities(comparison, isMany: isMany)
            try await filling.ready(size, of: Self.served, priorities: priorities)
        case .ready, .finished, .scheduled, .tasks:
            break
        }
    }

    // MARK: the work

    /// Adds a few executions, and leases and settles as many, on one side after the other until all are done; only the
    /// latter is measured.
    private func measure(_ sides: [Side]) async throws -> [Sample] {
        var results = sides.map { _ in (load: StorageLoad.Result(), usage: [Sample]()) }
        while results[0].load.executions < executions {
            for (index, side) in sides.enumerated() {
                try await side.filling.ready(Self.few, of: Self.served, priorities: side.priorities)
                let first = try await side.meter.reading()
                let drained = try await side.load.drain(atMost: Self.few, by: side.workers, batch: batch)
                let last = try await side.meter.reading()
                guard drained.executions == Self.few else {
                    throw BenchError("\(Self.few) executions were ready and \(drained.executions) were leased")
                }
                results[index].load += drained
                results[index].usage.append(side.meter.usage(from: first, to: last, of: drained))
            }
        }
        return results.map { result in
            var sample = Sample()
            sample.add(.rate, result.load.rate)
            // The statements and the WAL repeat; processor time is too coarse for so short a time.
            for metric in [Metric.wal, .transactions, .statements] {
                if let value = result.usage.compactMap({ $0[metric] }).median { sample.add(metric, value) }
            }
            return sample
        }
    }
}
