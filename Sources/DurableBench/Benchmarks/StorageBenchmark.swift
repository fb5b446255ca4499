import DurableCore
import DurableWire

/// The storage's verbs from this process, without HTTP: insert, then lease and settle until nothing is left.
package struct StorageBenchmark: Benchmark {
    private let executions: Int
    private let batch: Int
    private let workers: Int

    package init(executions: Int, batch: Int, workers: Int) {
        self.executions = executions
        self.batch = batch
        self.workers = workers
    }

    package func run(_ settings: BenchSettings) async throws -> Report {
        var report = Report(
            "storage",
            parameters: [
                .init("executions", .number(executions)), .init("batch", .number(batch)),
                .init("workers", .number(workers)),
            ]
        )
        return try await Arena.with(settings, connections: workers) { arena in
            report.server = try await arena.serverFacts()
            let meter = try await Meter(arena)
            let load = StorageLoad(storage: arena.storage, tasks: ["bench"], status: settings.status)
            let workers = try await load.register(workers)
            try await settings.eachRound { round in
                settings.status.begin("Round \(round), inserting", of: executions)
                let start = try await meter.reading()
                let inserted = try await load.insert(executions, batch: Self.insertBatch)
                let middle = try await meter.reading()
                settings.status.begin("Round \(round), draining", of: executions)
                let drained = try await load.drain(by: workers, batch: batch)
                let end = try await meter.reading()
                guard drained.executions == executions else {
                    throw BenchError("\(executions) executions were stored and \(drained.executions) done")
                }
                report.add(Self.sample(inserted, meter.usage(from: start, to: middle, of: inserted)), to: "insert")
                report.add(Self.sample(drained, meter.usage(from: middle, to: end, of: drained)), to: "drain")
                report.add(
                    meter.usage(
                        from: start,
                        to: end,
                        executions: executions,
                        statements: inserted.statements + drained.statements
                    ),
                    to: "insert + drain"
                )
            }
            report.notes += meter.notes(countsOwn: true)
            return report
        }
    }

    private static let insertBatch = 1000

    private static func sample(_ result: StorageLoad.Result, _ usage: Sample) -> Sample {
        var sample = Sample()
        sample.add(.rate, result.rate)
        sample.add(usage)
        return sample
    }
}

extension Meter {
    /// What was used up between two readings by a load of this process.
    func usage(from first: Reading, to last: Reading, of result: StorageLoad.Result) -> Sample {
        usage(from: first, to: last, executions: result.executions, statements: result.statements)
    }
}
