import DurableTestKit
import LibPQ
import Logging
import Testing

@Suite(
    "Behind pgbouncer",
    .enabled(if: TestCluster.pgbouncer != nil, "TEST_PGBOUNCER_URL is not set"),
    .timeLimit(.minutes(1))
)
struct PoolerTests {
    /// Runs the body with a pool of its own.
    ///
    /// - Parameter name: The name of a database that no other test uses, for sessions that no other test shares.
    private func withPool<Value>(
        on name: String,
        size: Int = 8,
        _ body: (ConnectionPool) async throws -> Value
    ) async throws -> Value {
        let configuration = DatabaseConfiguration(
            url: try #require(TestCluster.pgbouncer) + "&dbname=\(name)",
            poolSize: size,
            statementTimeout: .seconds(7),
            acquireTimeout: .seconds(20),
            isPooled: true,
            settings: ["work_mem": "1MB"]
        )
        return try await ConnectionPool.withPool(configuration, logger: Logger(label: "test"), body)
    }

    @Test("many callers share few sessions, and leave nothing behind in them")
    func shared() async throws {
        try await withPool(on: "shared") { pool in
            let backends = try await withThrowingTaskGroup(of: Int32.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await pool.transaction { (connection) throws(DatabaseError) in
                            try connection.query("select set_config('search_path', \("s\(number)"), true)")
                            let row = try connection.query("select current_setting('search_path'), pg_backend_pid()")
                                .only()
                            let path = try row.string(0)
                            #expect(path == "s\(number)")
                            return try row.int32(1)
                        }
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect((1...3).contains(backends.count))
            let left = try await pool.sessionState()
            #expect(left == [])
        }
    }

    @Test("a statement is cancelled at the caller's deadline, and the next one is not hit")
    func deadline() async throws {
        try await withPool(on: "deadline", size: 1) { pool in
            _ = try await pool.backend()
            for _ in 0..<5 {
                let error = await #expect(throws: DatabaseError.self) {
                    try await pool.withConnection(deadline: .milliseconds(50)) { (connection) throws(DatabaseError) in
                        _ = try connection.query("select pg_sleep(60)")
                    }
                }
                #expect(error?.kind == .timeout(.deadline))
                _ = try await pool.backend()
            }
        }
    }

    @Test("a pooler that nobody announced is recognized, and no statement is taken for another")
    func unannounced() async throws {
        // Sessions that no other test shares, since statements are left behind in them.
        let url = try #require(TestCluster.pgbouncer) + "&dbname=unannounced"
        let configuration = DatabaseConfiguration(url: url, poolSize: 4, acquireTimeout: .seconds(20))
        try await ConnectionPool.withPool(configuration, logger: Logger(label: "test")) { pool in
            let found = await withTaskGroup(of: DatabaseError?.self) { group in
                for caller in 0..<4 {
                    group.addTask {
                        var (number, error) = (caller, nil as DatabaseError?)
                        while error == nil, !Task.isCancelled {
                            number += 4
                            error = await Self.misread(number, pool)
                        }
                        return error
                    }
                }
                let first = await group.next()
                group.cancelAll()
                return first ?? nil
            }
            #expect(found?.kind == .sharedSession)
            #expect(found?.isTransient == false)
            #expect(found?.description.contains("--pooled") == true)
        }
    }

    /// Reads a number with one of fifty statements, each of which says which one it is.
    private static func misread(_ number: Int, _ pool: ConnectionPool) async -> DatabaseError? {
        let statement: SQL = "select \(number), \(unescaped: "\(number % 50)")"
        do throws(DatabaseError) {
            let row = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query(statement).only()
            }
            let (first, second) = (try row.int(0), try row.int(1))
            #expect(first == number && second == number % 50)
            return nil
        } catch {
            return error
        }
    }
}
