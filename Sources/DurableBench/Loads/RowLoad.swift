import DurableCore
import LibPQ

/// What an app would do without the service: write a row of the same information, one a commit, over plain connections.
struct RowLoad: Sendable {
    let arena: Arena

    private var table: String { arena.table("plain_rows") }

    /// The same information as an enqueued execution, in one table with the index that finds what is due.
    func makeTable() async throws {
        try await arena.query(
            """
            create table \(unescaped: table) (
                id                  uuid             not null primary key,
                created_at          timestamptz      not null,
                updated_at          timestamptz      not null,
                start_at            timestamptz      not null,
                timeout_ms          bigint           not null,
                sleep_ms_before_run double precision not null,
                max_attempts        integer          not null,
                retry_attempts      integer          not null default 0,
                priority            smallint         not null,
                task_id             text             not null,
                status              text             not null,
                input               json
            )
            """
        )
        try await arena.query(
            "create index on \(unescaped: table) (task_id, priority, start_at) where status = 'ready'"
        )
    }

    /// Inserts rows over so many connections, for a while; the latencies are those of the inserts, in milliseconds.
    func run(connections: Int, for duration: Duration) async throws -> CallLoad {
        let end = ContinuousClock.now + duration
        let table = table
        return try await withThrowingTaskGroup(of: CallLoad.self) { group in
            for _ in 0..<connections {
                group.addTask {
                    var load = CallLoad()
                    var now = ContinuousClock.now
                    while now < end {
                        try Task.checkCancellation()
                        let id = ExecutionID.fresh(at: Timestamp(microseconds: Int64(Host.unixSeconds) * 1_000_000))
                        try await arena.query(
                            """
                            insert into \(unescaped: table) (
                                id, created_at, updated_at, start_at, timeout_ms, sleep_ms_before_run, max_attempts,
                                priority, task_id, status, input)
                            values (
                                \(id.bits), now(), now(), now(), \(BenchTask.timeoutMs), \(0.0), \(Int32(0)), 0,
                                \(BenchTask.plain.rawValue), 'ready', \(json: StorageLoad.input.json))
                            """
                        )
                        let last = ContinuousClock.now
                        load.latencies.append((last - now) / .milliseconds(1))
                        arena.settings.status.advance(by: 1)
                        now = last
                    }
                    return load
                }
            }
            return try await group.reduce(into: CallLoad()) { $0.latencies += $1.latencies }
        }
    }

    /// The same by `pgbench`.
    ///
    /// - Returns: Rows per second, and the mean latency in milliseconds.
    func runPgbench(connections: Int, seconds: Int) async throws -> (rate: Double, latency: Double) {
        let statement = """
            insert into \(table) (id, created_at, updated_at, start_at, timeout_ms, sleep_ms_before_run, max_attempts, \
            priority, task_id, status, input) values (gen_random_uuid(), now(), now(), now(), \(BenchTask.timeoutMs), 0, 0, \
            0, '\(BenchTask.plain)', 'ready', '\(String(decoding: StorageLoad.input.json ?? [], as: UTF8.self))');
            """
        return try await Pgbench.run(
            statement,
            on: arena.settings.database,
            connections: connections,
            seconds: seconds
        )
    }
}
