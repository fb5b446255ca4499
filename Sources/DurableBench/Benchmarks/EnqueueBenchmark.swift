import DurableCore
import DurableWire

/// `enqueueTask` over HTTP, beside single-row inserts of the same information over as many connections.
package struct EnqueueBenchmark: Benchmark {
    private let connections: [Int]
    private let measure: Int
    private let usesPgbench: Bool

    /// - Parameters:
    ///   - connections: How many, one number after the other.
    ///   - measure: How long each figure is measured, in seconds.
    ///   - usesPgbench: Whether `pgbench` does the inserts, instead of this process.
    package init(connections: [Int], measure: Int, usesPgbench: Bool) {
        self.connections = connections
        self.measure = measure
        self.usesPgbench = usesPgbench
    }

    package func run(_ settings: BenchSettings) async throws -> Report {
        var report = Report(
            "enqueue",
            parameters: [
                .init("connections", .array(connections.map { .number($0) })),
                .init("measureSeconds", .number(measure)),
                .init("rowsBy", .string(usesPgbench ? "pgbench" : "durable")),
            ]
        )
        return try await Arena.with(settings, connections: connections.max() ?? 1) { arena in
            report.server = try await arena.serverFacts()
            let rows = RowLoad(arena: arena)
            try await rows.makeTable()
            try await Service.with(Service.Parts(hasFrontEnd: true), on: arena) { service in
                let meter = try await Meter(arena, children: service.processes)
                _ = try await arena.storage.register([Self.task])
                try await settings.eachRound { round in
                    for count in connections {
                        let name = "\(count) connection\(count == 1 ? "" : "s")"
                        settings.status.begin("Round \(round), enqueueTask over \(name)")
                        report.add(try await calls(count, service, meter), to: "enqueueTask, \(name)")
                        settings.status.begin("Round \(round), rows over \(name)")
                        report.add(try await inserts(count, rows, meter), to: "rows, \(name)")
                    }
                }
                report.notes += meter.notes()
            }
            for count in connections {
                let name = "\(count) connection\(count == 1 ? "" : "s")"
                report.compare(
                    "enqueueTask ÷ rows, \(name)",
                    .insertRate,
                    of: "enqueueTask, \(name)",
                    to: "rows, \(name)"
                )
            }
            return report
        }
    }

    private static let task = TaskDefinition(
        id: BenchTask.plain,
        options: TaskOptions(timeoutMs: BenchTask.timeoutMs)
    )

    private func calls(_ connections: Int, _ service: Service, _ meter: Meter) async throws -> Sample {
        let input = String(decoding: StorageLoad.input.json ?? [], as: UTF8.self)
        let call = Call("/rpc/enqueueTask", json: #"{"json":{"taskId":"\#(BenchTask.plain)","input":\#(input)}}"#)
        let first = try await meter.reading()
        let start = ContinuousClock.now
        let load = try await CallLoad.run(
            call,
            port: service.port,
            connections: connections,
            for: .seconds(measure),
            status: meter.arena.settings.status
        )
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let last = try await meter.reading()
        try service.check()
        guard !load.latencies.isEmpty else { throw BenchError("No call of enqueueTask succeeded") }
        var sample = Sample()
        sample.add(.insertRate, Double(load.latencies.count) / seconds)
        sample.add(Metric.latency(), of: load.latencies)
        sample.add(.refused, Double(load.refused))
        sample.add(meter.usage(from: first, to: last, executions: load.latencies.count))
        return sample
    }

    private func inserts(_ connections: Int, _ rows: RowLoad, _ meter: Meter) async throws -> Sample {
        var sample = Sample()
        let first = try await meter.reading()
        let start = ContinuousClock.now
        let count: Int
        if usesPgbench {
            let (rate, latency) = try await rows.runPgbench(connections: connections, seconds: measure)
            count = Int(rate * Double(measure))
            sample.add(.insertRate, rate)
            sample.add(.meanLatency, latency)
        } else {
            let load = try await rows.run(connections: connections, for: .seconds(measure))
            count = load.latencies.count
            sample.add(.insertRate, Double(count) / ((ContinuousClock.now - start) / .seconds(1)))
            sample.add(Metric.latency(), of: load.latencies)
        }
        let last = try await meter.reading()
        sample.add(meter.usage(from: first, to: last, executions: count, statements: count))
        return sample
    }
}
