import DurableWire

/// Workers as they are in production: lease, call a procedure over HTTP, settle, until nothing is left.
package struct HTTPBenchmark: Benchmark {
    private let executions: [Int]
    private let workers: [Int]
    private let concurrency: Int
    private let procedureMs: Int

    /// - Parameters:
    ///   - executions: How many are done at a time, one number after the other.
    ///   - workers: How many workers do them, one number after the other.
    ///   - concurrency: How many attempts each worker makes at once.
    ///   - procedureMs: How long a procedure takes.
    package init(executions: [Int], workers: [Int], concurrency: Int, procedureMs: Int) {
        self.executions = executions
        self.workers = workers
        self.concurrency = concurrency
        self.procedureMs = procedureMs
    }

    package func run(_ settings: BenchSettings) async throws -> Report {
        var report = Report(
            "http",
            parameters: [
                .init("executions", .array(executions.map { .number($0) })),
                .init("workers", .array(workers.map { .number($0) })),
                .init("concurrency", .number(concurrency)), .init("procedureMs", .number(procedureMs)),
            ]
        )
        return try await Arena.with(settings) { arena in
            report.server = try await arena.serverFacts()
            report.notes += try await Meter(arena).notes()
            report.notes.append("Executions/s: from the first start to the last end, as the database has them.")
            if workers.count == 1 {
                try await withWorkers(workers[0], on: arena) { service in
                    try await settings.eachRound { try await measure($0, workers[0], service, arena, &report) }
                }
            } else {
                try await settings.eachRound { round in
                    for count in workers {
                        try await withWorkers(count, on: arena) { service in
                            try await measure(round, count, service, arena, &report)
                        }
                    }
                }
            }
            compare(&report)
            return report
        }
    }

    /// Runs the body with workers that have their connections.
    private func withWorkers(_ count: Int, on arena: Arena, _ body: (Service) async throws -> Void) async throws {
        let parts = Service.Parts(workers: count, concurrency: concurrency, procedureMs: procedureMs)
        try await Service.with(parts, on: arena) { service in
            _ = try await ServiceRound(arena: arena, service: service).run(2 * concurrency * count, "Warming up")
            try await body(service)
        }
    }

    /// Measures a round with every number of executions.
    private func measure(
        _ round: Int,
        _ workers: Int,
        _ service: Service,
        _ arena: Arena,
        _ report: inout Report
    ) async throws {
        let meter = try await Meter(arena, children: service.processes)
        for count in executions {
            let done = try await ServiceRound(arena: arena, service: service).run(count, "Round \(round)", meter)
            var sample = Sample()
            sample.add(.rate, Double(count) / max(done.result.finishedAt - done.result.startedAt, 1e-6))
            sample.add(.wallRate, Double(count) / done.seconds)
            sample.add(done.usage)
            report.add(sample, to: name(executions: count, workers: workers))
        }
    }

    private func name(executions: Int, workers: Int) -> String {
        var name = "drain"
        if self.workers.count > 1 { name += ", \(workers) worker\(workers == 1 ? "" : "s")" }
        if self.executions.count > 1 { name += ", \(executions) executions" }
        return name
    }

    /// Compares every case with the first.
    private func compare(_ report: inout Report) {
        let names = workers.flatMap { workers in executions.map { name(executions: $0, workers: workers) } }
        for name in names.dropFirst() {
            for (figure, metric) in [
                ("executions/s", Metric.rate), ("CPU of the workers", .cpu(.worker)),
                ("CPU of PostgreSQL", .cpu(.postgres)),
            ] {
                report.compare("\(figure): \(name) ÷ \(names[0])", metric, of: name, to: names[0])
            }
        }
    }
}
