import DurableCore
import DurableWire
import LibPQ

/// A parent with many children, beside as many plain executions, each from the first row written to the last end.
package struct FanoutBenchmark: Benchmark {
    private let children: Int
    private let concurrency: Int

    package init(children: Int, concurrency: Int) {
        self.children = children
        self.concurrency = concurrency
    }

    package func run(_ settings: BenchSettings) async throws -> Report {
        var report = Report(
            "fanout",
            parameters: [.init("children", .number(children)), .init("concurrency", .number(concurrency))]
        )
        return try await Arena.with(settings) { arena in
            report.server = try await arena.serverFacts()
            try await Service.with(Service.Parts(workers: 1, concurrency: concurrency), on: arena) { service in
                let meter = try await Meter(arena, children: service.processes)
                let round = ServiceRound(arena: arena, service: service)
                try await settings.eachRound { number in
                    report.add(
                        try await sample(round, meter, "Round \(number), plain executions", enqueuePlain(arena)),
                        to: "plain"
                    )
                    var family = try await sample(round, meter, "Round \(number), a parent", enqueueParent(arena))
                    family.add(.finalizes, try await finalizes(arena))
                    report.add(family, to: "children")
                }
                report.notes += meter.notes()
            }
            report.compare("time per child ÷ plain execution", .micros, of: "children", to: "plain")
            report.compare(
                "CPU of PostgreSQL per child ÷ plain execution",
                .cpu(.postgres),
                of: "children",
                to: "plain"
            )
            return report
        }
    }

    private func sample(
        _ round: ServiceRound,
        _ meter: Meter,
        _ what: String,
        _ enqueue: () async throws -> Void
    ) async throws -> Sample {
        let beginning = try await Filling(arena: round.arena).now()
        let first = try await meter.reading()
        try await enqueue()
        try await round.notify()
        let result = try await round.finish(what, of: children, since: beginning)
        let last = try await meter.reading()
        guard result.count >= children else {
            throw BenchError("\(children) executions were to be done, and \(result.count) were")
        }
        var sample = Sample()
        let seconds = result.finishedAt - result.createdAt
        sample.add(.rate, Double(children) / max(seconds, 1e-6))
        sample.add(.micros, seconds * 1e6 / Double(children))
        sample.add(meter.usage(from: first, to: last, executions: children))
        return sample
    }

    private static let options = TaskOptions(timeoutMs: BenchTask.timeoutMs)

    private func enqueuePlain(_ arena: Arena) -> () async throws -> Void {
        let load = StorageLoad(storage: arena.storage, tasks: [BenchTask.plain], status: StatusLine(isOn: false))
        return { _ = try await load.insert(children, batch: 1000) }
    }

    private func enqueueParent(_ arena: Arena) -> () async throws -> Void {
        let parent = NewExecution(
            taskID: BenchTask.parent,
            kind: .parent(
                finalize: TaskDefinition(id: BenchTask.finalize, options: Self.options),
                onChildFailure: .continue
            ),
            input: Payload(json: "\(children)"),
            options: Self.options
        )
        return { _ = try await arena.storage.insert([parent]) }
    }

    /// How many finalize executions there are for each parent, which has to be exactly one.
    private func finalizes(_ arena: Arena) async throws -> Double {
        let row = try await arena.query(
            """
            select count(*) filter (where task_id = \(BenchTask.finalize.rawValue))::float8,
                count(*) filter (where task_id = \(BenchTask.parent.rawValue))::float8
            from \(unescaped: arena.table("executions"))
            """
        ).only()
        let (finalizes, parents) = (try row.double(0), try row.double(1))
        guard finalizes == parents else {
            throw BenchError("There are \(Int(finalizes)) finalize executions of \(Int(parents)) parents")
        }
        return finalizes / max(parents, 1)
    }
}
