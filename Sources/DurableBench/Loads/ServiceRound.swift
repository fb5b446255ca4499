import DurableCore
import LibPQ

/// One round of work for the service's workers, measured by the times that the database has written down.
struct ServiceRound: Sendable {
    let arena: Arena
    let service: Service

    /// What became of the executions of a round.
    struct Result: Sendable {
        let count: Int
        let completed: Int
        /// The first enqueueing, start and the last end, in seconds since 1970 by the database's clock.
        let createdAt: Double
        let startedAt: Double
        let finishedAt: Double
    }

    /// Stores executions and has them done, all of which have to complete.
    ///
    /// - Parameter meter: What reads what they use up; without it, nothing is known of that.
    /// - Returns: What became of them, how long it took by our clock, and what each used up.
    func run(
        _ count: Int,
        _ what: String,
        _ meter: Meter? = nil
    ) async throws -> (result: Result, seconds: Double, usage: Sample) {
        let beginning = try await Filling(arena: arena).now()
        try await store(count)
        let first = try await meter?.reading()
        let start = ContinuousClock.now
        let result = try await finish("\(what), draining", of: count, since: beginning)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let last = try await meter?.reading()
        guard result.count == count else {
            throw BenchError("\(count) executions were stored and \(result.count) done")
        }
        guard let meter, let first, let last else { return (result, seconds, Sample()) }
        return (result, seconds, meter.usage(from: first, to: last, executions: count))
    }

    /// Stores executions that all become due at one moment, and lets the body begin shortly before it.
    ///
    /// So workers are running, have nothing to do, and know when they will.
    func store(_ count: Int) async throws {
        let filling = Filling(arena: arena)
        let start = try await filling.now() + 1_500_000 + Int64(count) * 100
        arena.settings.status.begin("Storing executions", of: count)
        try await filling.ready(count, of: [BenchTask.plain], start: .at(start))
        try await arena.query("analyze \(unescaped: arena.table("ready"))")
        try await notify()
        let left = start - (try await filling.now())
        // What one statement stores is there all at once, whenever that is.
        guard left > 0 || count <= Filling.chunk else {
            throw BenchError("Storing \(count) executions took longer than expected; take fewer")
        }
        try await Task.sleep(for: .microseconds(max(0, left - 100_000)))
    }

    /// Tells the workers that there is something to do.
    func notify() async throws {
        try await arena.query("select pg_notify(\(arena.schema), 'ready')")
    }

    /// Waits until nothing is ready or under way any more, and returns what became of what was enqueued after that time.
    func finish(_ what: String, of count: Int, since start: Int64) async throws -> Result {
        arena.settings.status.begin(what, of: count)
        var left: Int?
        var deadline = ContinuousClock.now + Self.patience
        while true {
            let row = try await arena.query(
                """
                select \(unescaped: Meter.ownMark) (select count(*) from \(unescaped: arena.table("ready")))
                    + (select count(*) from \(unescaped: arena.table("leases"))),
                    exists (select from \(unescaped: arena.table("waiting")))
                """
            ).only()
            let now = try row.int(0)
            if now == 0, try !row.bool(1) { break }
            if now != left {
                arena.settings.status.advance(by: max(0, (left ?? now) - now))
                left = now
                deadline = .now + Self.patience
            }
            guard ContinuousClock.now < deadline else { throw BenchError("The workers have stopped working") }
            try service.check()
            try await Task.sleep(for: .milliseconds(100))
        }
        return try await result(since: start)
    }

    /// How long nothing may change before we give up.
    private static let patience = Duration.seconds(120)

    private func result(since start: Int64) async throws -> Result {
        let row = try await arena.query(
            """
            select count(*), count(*) filter (where final_status = 'completed'),
                extract(epoch from min(created_at))::float8, extract(epoch from min(started_at))::float8,
                extract(epoch from max(finished_at))::float8
            from \(unescaped: arena.table("executions"))
            where created_at >= \(timestamp: start)
            """
        ).only()
        let result = Result(
            count: try row.int(0),
            completed: try row.int(1),
            createdAt: try row.doubleIfPresent(2) ?? 0,
            startedAt: try row.doubleIfPresent(3) ?? 0,
            finishedAt: try row.doubleIfPresent(4) ?? 0
        )
        guard result.completed == result.count else {
            throw BenchError("\(result.count - result.completed) of \(result.count) executions did not complete")
        }
        return result
    }
}
