import DurableClient
import DurableCore
import DurablePostgres
import DurableTestKit
import EmbeddedPostgres
import Foundation
import LibPQ
import Logging
import Testing

/// What the service may use up, in numbers that do not depend on how fast the machine is.
///
/// Each has a PostgreSQL of its own, so that nobody else is counted.
@Suite("What an execution may cost", .serialized, .timeLimit(.minutes(10)))
struct BudgetTests {
    private static func withServer(_ body: (PostgresServer) async throws -> Void) async throws {
        // A page's first change after a checkpoint writes all of it, which depends on when the checkpoint was.
        try await TestCluster.withOwn(settings: ["full_page_writes": "off", "autovacuum": "off"], body)
    }

    @Test("a plain execution: at most 1.4 KB of WAL, and 0.05 statements in batches of 100")
    func walAndStatements() async throws {
        try await Self.withServer { server in
            let (exitCode, output) = try await DurableProcess.run([
                "bench", "storage", "--executions", "10000", "--batch", "100", "--workers", "1", "--rounds", "1",
                "--no-progress",
                "--json",
                "--database-url", server.databaseURL,
            ])
            try #require(exitCode == 0, "\(output)")
            let report = try JSONDecoder().decode(BenchReport.self, from: Data(output.utf8))
            let whole = try #require(report.cases.first { $0.name == "insert + drain" }).median
            let (wal, statements) = try (#require(whole["walBytes"]), #require(whole["statements"]))
            #expect(wal > 0 && wal <= 1400)
            #expect(statements > 0 && statements <= 0.05)
        }
    }

    /// What of `durable bench --json` is looked at.
    private struct BenchReport: Decodable {
        struct Case: Decodable {
            let name: String
            let median: [String: Double]
        }

        let cases: [Case]
    }

    @Test("behind a position a claim reads what it takes, however much before it is dead and cannot be cleaned away")
    func deadRows() async throws {
        try await Self.withServer { server in
            try await PostgresFixture.with(databaseURL: server.databaseURL) { fixture in
                let (storage, worker) = (fixture.storage, WorkerID.random())
                try await storage.register(WorkerRegistration(id: worker, name: "test", leaseMs: 600_000))
                // Not of the last moment, of which a claim looks at everything.
                try await fixture.setClock(offsetMilliseconds: -60_000)
                _ = try await storage.insert((0..<5000).map { _ in try NewExecution(of: Self.task, input: .undefined) })
                try await fixture.setClock(offsetMilliseconds: 0)
                try await Self.holdingSnapshot(fixture) {
                    var request = LeaseRequest(worker: worker, tasks: [Self.task.id], limit: 100)
                    for _ in 0..<40 { request.position = try await storage.lease(request).position }
                    let statements = Statements(schema: fixture.schema)
                    let onwards = try await Self.entriesRead(of: "ready", by: statements.lease(request), fixture)
                    request.position = nil
                    let whole = try await Self.entriesRead(of: "ready", by: statements.lease(request), fixture)
                    #expect(onwards <= 300)
                    // Were it not for the position; and it goes over them once.
                    #expect(whole >= 4000 && whole <= 5000)
                }
            }
        }
    }

    @Test("recording results and renewing read the leases that they name, however many others are dead")
    func deadLeases() async throws {
        try await Self.withServer { server in
            try await PostgresFixture.with(databaseURL: server.databaseURL) { fixture in
                let (storage, worker) = (fixture.storage, WorkerID.random())
                try await storage.register(WorkerRegistration(id: worker, name: "test", leaseMs: 600_000))
                _ = try await storage.insert((0..<5000).map { _ in try NewExecution(of: Self.task, input: .undefined) })
                try await Self.holdingSnapshot(fixture) {
                    func lease(_ count: Int) async throws -> [LeaseID] {
                        let request = LeaseRequest(worker: worker, tasks: [Self.task.id], limit: count)
                        return try await storage.lease(request).leases.map(\.id)
                    }
                    func settlements(_ leases: [LeaseID]) -> [Settlement] {
                        leases.map { Settlement(lease: $0, transition: .finish(.completed(.undefined))) }
                    }
                    _ = try await storage.settle(settlements(try await lease(4000)))
                    // From now on the planner knows many pages without a row.
                    try await fixture.execute("analyze \(fixture.schema).leases")
                    let leases = try await lease(100)
                    let statements = Statements(schema: fixture.schema)
                    let renew = statements.renew(worker, holding: leases)
                    let renewing = try await Self.entriesRead(of: "leases", by: renew, fixture)
                    #expect(renewing <= 300)
                    let settle = statements.settle(settlements(leases).compactMap(Statements.Settling.init))
                    let settling = try await Self.entriesRead(of: "leases", by: settle, fixture)
                    #expect(settling <= 300)
                }
            }
        }
    }

    /// Runs the body while somebody's transaction lasts: nothing that dies meanwhile can be cleaned away.
    private static func holdingSnapshot(_ fixture: PostgresFixture, _ body: () async throws -> Void) async throws {
        let (begun, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let holding = Task {
            try await fixture.pool.transaction(isolation: .repeatableRead) { connection throws(DatabaseError) in
                try connection.query("select")
                begun.signal()
                end.wait()
            }
        }
        defer { end.signal() }
        begun.wait()
        try await body()
        end.signal()
        try await holding.value
    }

    /// How many entries of a table's primary key a statement reads, as our sessions plan it.
    private static func entriesRead(
        of table: String,
        by statement: SQL,
        _ fixture: PostgresFixture
    ) async throws -> Int {
        let reading: SQL = """
            select pg_stat_get_xact_tuples_returned(to_regclass(\(fixture.schema + "." + table + "_pkey"))::oid)
            """
        return try await fixture.pool.transaction { connection throws(DatabaseError) in
            for (name, value) in PostgresStorage.sessionSettings {
                try connection.execute(script: "set local \(name) = \(value)")
            }
            let before = try connection.query(reading).only().int(0)
            try connection.query(statement)
            return try connection.query(reading).only().int(0) - before
        }
    }

    @Test("an idle worker and an idle front end: at most one transaction a second each")
    func idle() async throws {
        try await Self.withServer { server in
            try await Deployment.with(databaseURL: server.databaseURL) { deployment in
                try await deployment.startWorker(lease: 15)
                let id = try await deployment.add1.enqueue(.init(n: 1))
                _ = try await deployment.finished([id])
                // A worker looks less and less often, down to every two seconds.
                try await eventually("the service has come to rest", within: .seconds(90)) {
                    let before = try await Self.transactions(on: server)
                    try await Task.sleep(for: .seconds(10))
                    // Looking is one of them.
                    return try await Self.transactions(on: server) - before - 1 <= 20
                }
            }
        }
    }

    private static func transactions(on server: PostgresServer) async throws -> Int {
        let configuration = DatabaseConfiguration(url: server.databaseURL, poolSize: 1)
        return try await ConnectionPool.withPool(configuration, logger: .init(label: "test")) { pool in
            try await pool.withConnection { connection throws(DatabaseError) in
                try connection.query("select sum(xact_commit + xact_rollback)::bigint from pg_stat_database").only()
                    .int(0)
            }
        }
    }

    @Test("a worker's memory after 100,000 executions is that after 10,000")
    func memory() async throws {
        try await Self.withServer { server in
            let port = try freePort()
            let echo = try DurableProcess(["bench-echo", "\(port)", "0"])
            let tasks = """
                endpoints: { app: { url: "http://127.0.0.1:\(port)" } }
                tasks: { task: { procedure: app/task, timeoutMs: 60000 } }
                """
            try await Deployment.with(databaseURL: server.databaseURL) { deployment in
                let worker = try await deployment.startWorker(lease: 60, tasks: tasks)
                try await Self.run(10_000, deployment, on: server)
                let before = try Self.residentKilobytes(worker)
                try await Self.run(90_000, deployment, on: server)
                let after = try Self.residentKilobytes(worker)
                #expect(after <= before + before / 10, "\(before) kB after 10,000, \(after) kB after 100,000")
            }
            await echo.end()
        }
    }

    /// Has so many executions made out of thin air, since their making is not what is measured, and waits for their ends.
    private static func run(_ count: Int, _ deployment: Deployment, on server: PostgresServer) async throws {
        let configuration = DatabaseConfiguration(url: server.databaseURL, poolSize: 1)
        try await ConnectionPool.withPool(configuration, logger: Logger(label: "test")) { pool in
            let schema = deployment.schema
            try await pool.withConnection { connection throws(DatabaseError) in
                try connection.execute(
                    script: """
                        with new as (
                            insert into \(schema).executions (
                                id, task_id, created_at, updated_at, start_at, timeout_ms, sleep_ms_before_run, max_attempts,
                                input)
                            select gen_random_uuid(), 'task', now(), now(), now(), 60000, 0, 0, '{"n":1}'
                            from generate_series(1, \(count))
                            returning id, task_id, start_at
                        )
                        insert into \(schema).ready (task_id, start_at, execution_id) select task_id, start_at, id from new
                        """
                )
            }
            let left = SQL(
                unescaped: "select exists (select from \(schema).ready) or exists (select from \(schema).leases)"
            )
            try await eventually("\(count) executions are done", within: .seconds(400)) {
                try await Task.sleep(for: .milliseconds(200))
                return try await pool.withConnection { connection throws(DatabaseError) in
                    try !connection.query(left).only().bool(0)
                }
            }
        }
    }

    private static func residentKilobytes(_ process: DurableProcess) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processID)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") })
        return try #require(Int(line.split(separator: " ").dropFirst().first ?? ""))
    }

    private static let task = TaskDefinition(id: "task", options: TaskOptions(timeoutMs: 60_000))
}
