import LibPQ
import Synchronization
import Testing

@Suite("Pipelines", .timeLimit(.minutes(1)))
struct PipelineTests {
    private func send(_ statements: [SQL], _ pool: ConnectionPool) async throws(DatabaseError) -> [Rows] {
        try await pool.withConnection { (connection) throws(DatabaseError) in try connection.pipeline(statements) }
    }

    @Test("each statement sees what those before it wrote, and has its own answer")
    func answers() async throws {
        try await TestServer.withTable { pool in
            for _ in 1...3 {
                let answers = try await send(
                    ["delete from t", "insert into t values (\(1)), (\(2))", "select n from t where n > \(1)"],
                    pool
                )
                #expect(answers[1].affected == 2)
                let found = try answers[2].only().int(0)
                #expect(answers.count == 3 && found == 2)
            }
        }
    }

    @Test("a statement that fails undoes those before it; the error is its own, and the connection serves on")
    func failure() async throws {
        try await TestServer.withTable { pool in
            let backend = try await pool.backend()
            let error = await #expect(throws: DatabaseError.self) {
                try await send(["insert into t values (1)", "select 1 / \(0)", "insert into t values (3)"], pool)
            }
            #expect(error?.sqlState == SQLState(rawValue: "22012"))
            #expect(error?.report.statement?.contains("select 1 /") == true)
            #expect(error?.outcomeUnknown == false)
            let left = try await pool.numbers()
            let same = try await pool.backend()
            #expect(left.isEmpty && same == backend)
        }
    }

    @Test("a constraint that is checked at the commit fails all of it")
    func failingCommit() async throws {
        try await TestServer.withTable { pool in
            let error = await #expect(throws: DatabaseError.self) {
                try await send(["insert into t values (1)", "insert into t values (1)"], pool)
            }
            #expect(error?.sqlState == .uniqueViolation && error?.constraintName == "t_n_key")
            let left = try await pool.numbers()
            #expect(left.isEmpty)
        }
    }

    @Test("within a transaction it commits and rolls back with it")
    func transaction() async throws {
        try await TestServer.withTable { pool in
            await #expect(throws: DatabaseError.self) {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    _ = try connection.pipeline(["insert into t values (1)", "insert into t values (2)"])
                    throw DatabaseError.decoding("stop")
                }
            }
            try await pool.transaction { (connection) throws(DatabaseError) in
                _ = try connection.pipeline(["insert into t values (3)", "insert into t values (4)"])
            }
            let left = try await pool.numbers()
            #expect(left == [3, 4])
        }
    }

    @Test("a follower runs in a commit of its own, after the others and whatever came of them; its failure is nobody's")
    func follower() async throws {
        try await TestServer.withTable { pool in
            let backend = try await pool.backend()
            let failures = Mutex<[SQLState?]>([])
            func send(_ statement: SQL, follower: SQL) async throws(DatabaseError) {
                try await pool.withConnection { connection throws(DatabaseError) in
                    let follower = Follower(follower) { error in failures.withLock { $0.append(error?.sqlState) } }
                    _ = try connection.pipeline([statement], follower: follower)
                }
            }
            try await send("insert into t values (1)", follower: "insert into t select n + 1 from t")
            // Whoever is served next by the connection finds that it is through.
            #expect(try await pool.numbers() == [1, 2])
            await #expect(throws: DatabaseError.self) {
                try await send("insert into t select 1 / \(0)", follower: "insert into t values (3)")
            }
            #expect(try await pool.numbers() == [1, 2, 3])
            for _ in 1...2 { try await send("delete from t", follower: "select 1 / \(0)") }
            #expect(try await pool.numbers() == [])
            let divisionByZero = SQLState(rawValue: "22012")
            #expect(failures.withLock { $0 } == [nil, nil, divisionByZero, divisionByZero])
            await #expect(throws: DatabaseError.self) { try await send("insert into nowhere values (1)", follower: "") }
            #expect(failures.withLock(\.count) == 5, "told that it could not be sent")
            #expect(try await pool.backend() == backend)
        }
    }

    @Test("what is asked next on the same connection waits for the follower")
    func followerFirst() async throws {
        try await TestServer.withTable { pool in
            let count = try await pool.withConnection { connection throws(DatabaseError) in
                _ = try connection.pipeline(
                    ["insert into t values (1)"],
                    follower: Follower("insert into t select 2 from pg_sleep(0.2)") { _ in }
                )
                return try connection.query("select count(*) from t").only().int(0)
            }
            #expect(count == 2)
        }
    }

    @Test("answers and parameters larger than what the sockets hold pass each other")
    func large() async throws {
        try await TestServer.withTable { pool in
            let large = String(repeating: "x", count: 8 << 20)
            let answers = try await send(["select \(large)", "select \(large)", "select repeat('y', 8388608)"], pool)
            for answer in answers {
                let text = try answer.only().string(0)
                #expect(text.utf8.count == 8 << 20)
            }
        }
    }

    @Test("a plan that a migration has outdated is made anew")
    func stalePlan() async throws {
        try await TestServer.withTable { pool in
            let statements: [SQL] = ["insert into t values (\(1))", "select * from t"]
            _ = try await send(statements, pool)
            try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.execute(script: "delete from t; alter table t add column m integer")
            }
            let answers = try await send(statements, pool)
            #expect(answers[1].count == 1)
            let left = try await pool.numbers()
            #expect(left == [1])
        }
    }

    @Test("a connection that ends on the way leaves the outcome unknown, and the next call gets another one")
    func loss() async throws {
        try await TestServer.withTable { pool in
            let backend = try await pool.backend()
            let error = await #expect(throws: DatabaseError.self) {
                try await send(["select 1", "select pg_terminate_backend(\(Int32(backend)))", "select 2"], pool)
            }
            #expect(error?.kind == .connectionLost && error?.outcomeUnknown == true)
            let next = try await pool.backend()
            #expect(next != backend)
        }
    }

    @Test("cancelling the task cancels the statement that runs, and the connection serves on")
    func cancelled() async throws {
        try await TestServer.withTable { pool in
            let backend = try await pool.backend()
            let task = Task {
                try await send(["insert into t values (1)", "select pg_sleep(60) /* cancel the pipeline */"], pool)
            }
            try await eventually {
                try await TestServer.withPool(size: 1) { other in
                    try await other.withConnection { (connection) throws(DatabaseError) in
                        try !connection.query(
                            """
                            select 1 from pg_stat_activity
                            where pid = \(Int32(backend)) and state = 'active' and wait_event = 'PgSleep'
                            """
                        ).isEmpty
                    }
                }
            }
            task.cancel()
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            let left = try await pool.numbers()
            let same = try await pool.backend()
            #expect(left.isEmpty && same == backend)
        }
    }
}
