import LibPQ
import Logging
import Synchronization
import Testing

@Suite("The pool", .timeLimit(.minutes(1)))
struct PoolTests {
    /// Holds every connection of the pool until the body has ended.
    private func occupying(_ pool: ConnectionPool, _ body: () async throws -> Void) async throws {
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<pool.usage.capacity {
                group.addTask { try await pool.withConnection { _ throws(DatabaseError) in gate.wait() } }
            }
            try await eventually { pool.usage.outstanding == pool.usage.capacity }
            do {
                try await body()
                gate.open()
            } catch {
                gate.open()
                throw error
            }
            try await group.waitForAll()
        }
    }

    @Test("callers are served in the order they came")
    func fairness() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let served = Order()
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await occupying(pool) {
                    for number in 0..<20 {
                        group.addTask {
                            try await pool.withConnection { _ throws(DatabaseError) in served.append(number) }
                        }
                        try await eventually { pool.usage.waiting == number + 1 }
                    }
                }
                try await group.waitForAll()
            }
            #expect(served.numbers == Array(0..<20))
        }
    }

    @Test("nobody waits longer than the acquire timeout")
    func acquireTimeout() async throws {
        try await TestServer.withPool(size: 1, { $0.acquireTimeout = .milliseconds(100) }) { pool in
            try await pool.untilConnected()
            try await occupying(pool) {
                let begin = ContinuousClock.now
                let error = await #expect(throws: DatabaseError.self) {
                    try await pool.withConnection { _ throws(DatabaseError) in }
                }
                #expect(error?.kind == .timeout(.acquire))
                #expect(error?.isTransient == true)
                #expect(error?.outcomeUnknown == false)
                #expect(ContinuousClock.now - begin >= .milliseconds(100))
                #expect(pool.usage.waiting == 0)
            }
            try await pool.withConnection { _ throws(DatabaseError) in }
        }
    }

    @Test("one caller too many is refused at once")
    func overload() async throws {
        try await TestServer.withPool(size: 1, { $0.maxWaiting = 2 }) { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await occupying(pool) {
                    for _ in 0..<2 {
                        group.addTask { try await pool.withConnection { _ throws(DatabaseError) in } }
                    }
                    try await eventually { pool.usage.waiting == 2 }
                    let error = await #expect(throws: DatabaseError.self) {
                        try await pool.withConnection { _ throws(DatabaseError) in }
                    }
                    #expect(error?.kind == .overloaded)
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("many callers share few connections, and Swift's own threads stay free")
    func manyCallers() async throws {
        try await TestServer.withPool(size: 4) { pool in
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<500 {
                    group.addTask {
                        try await pool.withConnection { (connection) throws(DatabaseError) in
                            try connection.query("select \(number) + 0 * pg_backend_pid()").only().int(0)
                        }
                    }
                }
                return try await group.reduce(0, +)
            }
            #expect(sum == 499 * 500 / 2)
            #expect(pool.usage.connected <= 4)
            #expect(pool.usage.outstanding == 0)
        }
    }

    @Test("closing serves what was accepted and refuses what comes after")
    func closing() async throws {
        let pool = ConnectionPool(try await TestServer.configuration(poolSize: 1), logger: Logger(label: "test"))
        let gate = Gate()
        async let held: Void = pool.withConnection { _ throws(DatabaseError) in gate.wait() }
        try await eventually { pool.usage.outstanding == 1 }
        async let queued = pool.withConnection { (connection) throws(DatabaseError) in
            try connection.query("select 1").only().int(0)
        }
        try await eventually { pool.usage.waiting == 1 }
        async let closed: Void = pool.close()
        try await eventually {
            do throws(DatabaseError) {
                try await pool.withConnection(deadline: .milliseconds(1)) { _ throws(DatabaseError) in }
                return false
            } catch {
                return error.kind == .closed
            }
        }
        gate.open()
        try await held
        let answer = try await queued
        #expect(answer == 1)
        await closed
        #expect(pool.usage.connected == 0)
    }

    @Test("cancelling the pool's service interrupts what runs")
    func cancelledService() async throws {
        let pool = ConnectionPool(try await TestServer.configuration(poolSize: 1), logger: Logger(label: "test"))
        let service = Task { try await pool.run() }
        let backend = try await pool.backend()
        let sleeping = Task {
            try await pool.withConnection { (connection) throws(DatabaseError) in
                _ = try connection.query("select pg_sleep(60)")
            }
        }
        try await TestServer.untilActive(backend, "select pg_sleep(60)")
        service.cancel()
        let error = await #expect(throws: DatabaseError.self) { try await sleeping.value }
        #expect(error?.kind == .cancelled)
        try await service.value
        #expect(pool.usage.connected == 0)
    }

    @Test("behind a pooler nothing is kept in the session")
    func pooled() async throws {
        func preparedAndTimeout(isPooled: Bool) async throws -> (Int, String) {
            try await TestServer.withPool(
                size: 1,
                {
                    $0.isPooled = isPooled
                    $0.statementTimeout = .seconds(7)
                }
            ) { pool in
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    for number in 0..<3 { try connection.query("select \(number)") }
                    let row = try connection.query(
                        """
                        select count(*) filter (where statement like 'select $1%'), current_setting('statement_timeout')
                        from pg_prepared_statements
                        """
                    ).only()
                    return (try row.int(0), try row.string(1))
                }
            }
        }
        let direct = try await preparedAndTimeout(isPooled: false)
        #expect(direct == (1, "7s"))
        let pooled = try await preparedAndTimeout(isPooled: true)
        #expect(pooled == (0, "0"))
    }

    @Test("the server forgets prepared statements that fall out of the cache")
    func boundedCache() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let count = try await pool.withConnection { (connection) throws(DatabaseError) in
                for number in 0..<400 { try connection.query("select 1 as \(unescaped: "c\(number)")") }
                return try connection.query("select count(*) from pg_prepared_statements").only().int(0)
            }
            #expect(count <= 256)
        }
    }

    @Test("a prepared statement that a migration or the server made useless is made anew")
    func staleStatements() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let columns = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.execute(script: "create temporary table t as select 1 as a")
                let before = try connection.query("select * from t").only()
                try connection.execute(script: "alter table t add b integer default 2")
                let after = try connection.query("select * from t").only()
                try connection.execute(script: "deallocate all")
                let last = try connection.query("select * from t").only()
                return (try before.int(0), try after.int(1), try last.int(1))
            }
            #expect(columns == (1, 2, 2))
        }
    }
}

/// The order in which things happened on different threads.
private final class Order: Sendable {
    private let recorded = Mutex<[Int]>([])
    var numbers: [Int] { recorded.withLock { $0 } }
    func append(_ number: Int) { recorded.withLock { $0.append(number) } }
}
