import DurableCore
import DurableServer
import DurableWire
import LibPQ

/// How fast executions are stored, leased and settled while another session holds a snapshot, so that nothing that was
/// deleted can be cleaned away, by how fast they are without it.
package struct PinnedBenchmark: Benchmark {
    private let minutes: Double
    private let batch: Int
    private let workers: Int

    /// - Parameter minutes: How long the snapshot is held.
    package init(minutes: Double, batch: Int, workers: Int) {
        self.minutes = minutes
        self.batch = batch
        self.workers = workers
    }

    package func run(_ settings: BenchSettings) async throws -> Report {
        var report = Report(
            "pinned",
            parameters: [
                .init("minutes", .number(minutes)), .init("batch", .number(batch)), .init("workers", .number(workers)),
                .init("intervalSeconds", .number(interval)),
            ]
        )
        let pinned = max(1, Int((minutes * 60 / interval).rounded()))
        let clean = max(1, min(pinned, Int(Self.longestClean / interval)) / 2)
        let phases: [(name: String, title: String, intervals: Int, isPinned: Bool)] = [
            ("clean", "Clean, before", clean, false), ("pinned", "Pinned", pinned, true),
            ("clean", "Clean, after", clean, false),
        ]
        for phase in phases {
            let found = try await Arena.with(settings, connections: workers) { arena in
                let samples =
                    if phase.isPinned {
                        try await withSnapshot(on: arena) {
                            try await self.samples(phase.intervals, on: arena, phase.title)
                        }
                    } else {
                        try await self.samples(phase.intervals, on: arena, phase.title)
                    }
                return (
                    samples: samples,
                    facts: try await arena.serverFacts(),
                    notes: try await Meter(arena).notes(countsOwn: true)
                )
            }
            (report.server, report.notes) = (found.facts, found.notes)
            for sample in found.samples { report.add(sample, to: phase.name) }
        }
        compare(&report)
        report.notes.append(
            "Each round is an interval of \(Report.number(interval, digits: 1)) s, one after the other."
        )
        return report
    }

    /// In seconds.
    private var interval: Double { max(0.1, min(10, minutes * 60 / 6)) }
    /// How long is measured without a snapshot, in seconds.
    private static let longestClean = 240.0

    private func samples(_ count: Int, on arena: Arena, _ what: String) async throws -> [Sample] {
        let load = StorageLoad(storage: arena.storage, tasks: ["bench"], status: arena.settings.status)
        let workers = try await load.register(workers)
        let meter = try await Meter(arena)
        var samples: [Sample] = []
        arena.settings.status.begin(what)
        for _ in 0..<count {
            let first = try await meter.reading()
            let result = try await load.churn(for: .seconds(interval), by: workers, batch: batch)
            let last = try await meter.reading()
            var sample = Sample()
            sample.add(.rate, result.rate)
            sample.add(meter.usage(from: first, to: last, of: result))
            samples.append(sample)
        }
        return samples
    }

    /// Runs the body while a session of its own holds a snapshot of the database.
    private func withSnapshot<Value: Sendable>(on arena: Arena, _ body: () async throws -> Value) async throws -> Value
    {
        let configuration = arena.settings.database.configuration(poolSize: 1)
        return try await ConnectionPool.withPool(configuration, logger: arena.logger) { pool in
            let hold = Hold()
            async let holding: Void = hold.snapshot(over: pool)
            defer { hold.release() }
            try await hold.began()
            let value = try await body()
            hold.release()
            // Fails when the server has ended the session: then there was no snapshot any more.
            try await holding
            return value
        }
    }

    private func compare(_ report: inout Report) {
        guard let base = report.rounds(of: "clean").compactMap({ $0[.rate] }).median, base > 0 else { return }
        let rates = report.rounds(of: "pinned").compactMap { $0[.rate] }
        report.add(Report.Ratio(name: "pinned ÷ clean", rounds: rates.map { $0 / base }))
        if let last = rates.last { report.add(Report.Ratio(name: "pinned, the last ÷ clean", rounds: [last / base])) }
    }
}
