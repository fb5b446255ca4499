import DurableCore
import DurableWire
import LibPQ
import Synchronization

/// One execution at a time through an idle service: how soon it starts, and how soon whoever waits sees it completed.
package struct LatencyBenchmark: Benchmark {
    private let executions: Int
    private let pauseMs: Int
    private let idleSeconds: Int

    /// - Parameters:
    ///   - executions: How many a round takes.
    ///   - pauseMs: How long nothing happens between two of them.
    ///   - idleSeconds: How long it is then watched while nothing happens; 0 is not at all.
    package init(executions: Int, pauseMs: Int, idleSeconds: Int) {
        self.executions = executions
        self.pauseMs = pauseMs
        self.idleSeconds = idleSeconds
    }

    package func run(_ settings: BenchSettings) async throws -> Report {
        var report = Report(
            "latency",
            parameters: [
                .init("executions", .number(executions)), .init("pauseMs", .number(pauseMs)),
                .init("idleSeconds", .number(idleSeconds)),
            ]
        )
        let arrivals = Arrivals()
        return try await Arena.with(settings) { arena in
            report.server = try await arena.serverFacts()
            try await EchoServer.with(onArrival: { arrivals.note($0) }) { echo in
                let parts = Service.Parts(hasFrontEnd: true, workers: 1, concurrency: 100, echoPort: echo.port)
                try await Service.with(parts, on: arena) { service in
                    let meter = try await Meter(arena, children: service.processes)
                    try await CallConnection.with(port: service.port) { connection in
                        settings.status.begin("Warming up")
                        for _ in 0..<Self.warmUp { _ = try await once(&connection, service.port, arrivals) }
                        try await settings.eachRound { round in
                            settings.status.begin("Round \(round)", of: executions)
                            report.add(try await sample(&connection, service.port, arrivals, meter), to: "idle service")
                        }
                    }
                    if idleSeconds > 0 { report.add(try await idleSample(service, arena), to: "doing nothing") }
                    report.notes += meter.notes()
                }
            }
            report.notes += [
                "From the client's call of enqueueTask: to its answer, to the start of the procedure, and to the answer of "
                    + "waitForTaskExecution. The client and the procedure are in the benchmark's own process."
            ]
            return report
        }
    }

    private static let warmUp = 20

    private func sample(
        _ connection: inout CallConnection,
        _ port: Int,
        _ arrivals: Arrivals,
        _ meter: Meter
    ) async throws -> Sample {
        var latencies: [Latencies] = []
        let first = try await meter.reading()
        for _ in 0..<executions {
            try await Task.sleep(for: .milliseconds(pauseMs))
            latencies.append(try await once(&connection, port, arrivals))
            meter.arena.settings.status.advance(by: 1)
        }
        let last = try await meter.reading()
        var sample = Sample()
        sample.add(Metric.latency("answered", "answered"), of: latencies.map(\.answered))
        sample.add(Metric.latency("started", "started"), of: latencies.map(\.started))
        sample.add(Metric.latency("completed", "completed"), of: latencies.map(\.completed))
        sample.add(meter.usage(from: first, to: last, executions: executions))
        return sample
    }

    /// What the service costs while nobody asks anything of it.
    private func idleSample(_ service: Service, _ arena: Arena) async throws -> Sample {
        arena.settings.status.begin("Watching it do nothing, for \(idleSeconds) s")
        // Polling slows down first.
        try await Task.sleep(for: .seconds(min(idleSeconds, 5)))
        let (start, first) = (ContinuousClock.now, try await transactions(arena))
        try await Task.sleep(for: .seconds(idleSeconds))
        let count = try await transactions(arena) - first
        try service.check()
        var sample = Sample()
        sample.add(.transactionRate, count / ((ContinuousClock.now - start) / .seconds(1)))
        for process in service.processes {
            guard let bytes = Host.residentMemory(of: process.processID) else { continue }
            sample.add(.memory(process.role), bytes / 1_000_000)
        }
        return sample
    }

    /// How many transactions there were in the database, as far as its sessions have told: some do only after seconds.
    private func transactions(_ arena: Arena) async throws -> Double {
        try await arena.query(
            """
            select (xact_commit + xact_rollback)::float8 from pg_catalog.pg_stat_database
            where datname = current_database()
            """
        ).only().double(0)
    }

    /// In milliseconds from the call.
    private struct Latencies {
        let answered: Double
        let started: Double
        let completed: Double
    }

    private func once(
        _ connection: inout CallConnection,
        _ port: Int,
        _ arrivals: Arrivals
    ) async throws -> Latencies {
        // A front end closes the connection after an answer that was waited for: each wait has one of its own, already open.
        let (start, enqueued, waited) = try await CallConnection.with(port: port) { waiting in
            _ = arrivals.take()
            let start = ContinuousClock.now
            let enqueued = try await connection.call(
                "enqueueTask",
                json: #"{"json":{"taskId":"\#(BenchTask.plain)","input":{"n":1}}}"#
            )
            guard let id = try JSON(parsing: Array(enqueued.text.utf8))["json"]?.string else {
                throw BenchError("enqueueTask answered \(enqueued.text)")
            }
            let waited = try await waiting.call(
                "waitForTaskExecution",
                json: #"{"json":{"taskId":"\#(BenchTask.plain)","executionId":"\#(id)"}}"#
            )
            return (start, enqueued, waited)
        }
        guard let arrival = arrivals.take(), waited.text.contains(#""status":"completed""#) else {
            throw BenchError("The execution did not complete: \(waited.text)")
        }
        return Latencies(
            answered: (enqueued.at - start) / .milliseconds(1),
            started: (arrival - start) / .milliseconds(1),
            completed: (waited.at - start) / .milliseconds(1)
        )
    }
}

/// When the procedure was last called.
private final class Arrivals: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    func note(_ time: ContinuousClock.Instant) {
        last.withLock { $0 = time }
    }

    func take() -> ContinuousClock.Instant? {
        last.withLock { last in
            defer { last = nil }
            return last
        }
    }
}
