import DurableCore
import LibPQ

/// Fills a schema with executions by SQL, many times faster than they could be enqueued and run.
///
/// Writes the tables of `Migrations/` directly, as `PostgresStorage` would have left them.
struct Filling: Sendable {
    let arena: Arena
    /// Where progress is told.
    let status: StatusLine

    /// - Parameter isSilent: Whether what is filled in is too little to speak of.
    init(arena: Arena, isSilent: Bool = false) {
        self.arena = arena
        status = isSilent ? StatusLine(isOn: false) : arena.settings.status
    }

    /// When executions may start.
    enum Start: Sendable {
        case now
        /// In so many seconds.
        case later(Double)
        /// Microseconds since 1970, by the database's clock.
        case at(Int64)
    }

    /// The database's clock, in microseconds since 1970.
    func now() async throws -> Int64 {
        try await arena.query("select \(unescaped: arena.table("clock"))()").only().timestamp(0)
    }

    /// Adds executions that wait for a worker, evenly of each task and priority.
    func ready(_ count: Int, of tasks: [TaskID], priorities: [Int] = [0], start: Start = .now) async throws {
        let clock = arena.table("clock") + "()"
        let startAt =
            switch start {
            case .now: clock
            case .later(let seconds): "\(clock) + \(seconds) * interval '1 second'"
            case .at(let time): "'epoch'::timestamptz + \(time) * interval '1 microsecond'"
            }
        try await inChunks(count) { chunk, from in
            """
            with inserted as (
                insert into \(unescaped: arena.table("executions")) (
                    id, task_id, priority, created_at, updated_at, start_at, timeout_ms, sleep_ms_before_run,
                    max_attempts, input)
                select
                    \(unescaped: Self.id(age: 0)), (\(tasks.map(\.rawValue)))[1 + n % \(tasks.count)],
                    (\(priorities.map { Int32($0) }))[1 + n % \(priorities.count)],
                    \(unescaped: clock), \(unescaped: clock), \(unescaped: startAt), \(BenchTask.timeoutMs), 0, 0,
                    \(json: StorageLoad.input.json)
                from generate_series(\(from), \(from + chunk - 1)) as n
                returning task_id, priority, start_at, id
            )
            insert into \(unescaped: arena.table("ready")) (task_id, priority, start_at, execution_id)
            select task_id, priority, start_at, id from inserted
            """
        }
    }

    /// Adds executions that have completed, over the day before.
    func finished(_ count: Int, of task: TaskID) async throws {
        let clock = arena.table("clock") + "()"
        try await inChunks(count) { chunk, from in
            """
            insert into \(unescaped: arena.table("executions")) (
                id, task_id, created_at, updated_at, start_at, started_at, finished_at, timeout_ms, sleep_ms_before_run,
                max_attempts, attempt, worker_id, final_status, input, output)
            select
                \(unescaped: Self.id(age: 86_400_000)), \(task.rawValue), at, at, at, at, at, \(BenchTask.timeoutMs), 0, 0, 1,
                \(Self.worker), 'completed', \(json: StorageLoad.input.json), \(json: StorageLoad.output.json)
            from generate_series(\(from), \(from + chunk - 1)) as n
            cross join lateral (
                select \(unescaped: clock) - interval '1 day' + n * interval '1 millisecond' as at
            ) as moment
            """
        }
    }

    /// How many executions one statement stores.
    static let chunk = 100_000
    private static let worker = UInt128(0xBE7C)

    private func inChunks(_ count: Int, _ statement: (_ count: Int, _ from: Int) -> SQL) async throws {
        for from in stride(from: 0, to: count, by: Self.chunk) {
            try Task.checkCancellation()
            let chunk = min(Self.chunk, count - from)
            try await arena.query(statement(chunk, from))
            status.advance(by: chunk)
        }
    }

    /// A version 7 UUID for number `n`, in the order of the numbers within a chunk.
    ///
    /// - Parameter age: How long ago it was made, in milliseconds.
    private static func id(age: Int) -> String {
        """
        (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint - \(age)), 12, '0')
            || '7' || lpad(to_hex((n >> 8) & 4095), 3, '0') || '8' || lpad(to_hex(n & 255), 2, '0')
            || lpad(to_hex((random() * 4503599627370495)::bigint), 13, '0'))::uuid
        """
    }
}
