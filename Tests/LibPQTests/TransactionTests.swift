import LibPQ
import Testing

@Suite("Transactions", .timeLimit(.minutes(1)))
struct TransactionTests {
    @Test("what the body did is there when it returns")
    func commits() async throws {
        try await TestServer.withTable { pool in
            try await pool.transaction { (connection) throws(DatabaseError) in
                try connection.query("insert into t values (1)")
                try connection.query("insert into t values (2)")
            }
            let left = try await pool.numbers()
            #expect(left == [1, 2])
        }
    }

    @Test("nothing is left when the body throws, and the connection serves on")
    func rollsBack() async throws {
        try await TestServer.withTable { pool in
            await #expect(throws: DatabaseError.self) {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    try connection.query("insert into t values (1)")
                    throw DatabaseError.decoding("stop")
                }
            }
            let left = try await pool.numbers()
            #expect(left == [])
        }
    }

    @Test("a constraint checked at the commit fails the transaction")
    func failingCommit() async throws {
        try await TestServer.withTable { pool in
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    _ = try connection.query("insert into t values (1), (1)")
                }
            }
            #expect(error?.sqlState == .uniqueViolation)
            #expect(error?.constraintName == "t_n_key")
            #expect(error?.outcomeUnknown == false)
            let left = try await pool.numbers()
            #expect(left == [])
        }
    }

    @Test("a body that swallows an error does not seem to commit")
    func swallowedError() async throws {
        try await TestServer.withTable { pool in
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    try connection.query("insert into t values (1)")
                    _ = try? connection.query("select 1 / 0")
                }
            }
            #expect(error?.sqlState == .failedTransaction)
            let left = try await pool.numbers()
            #expect(left == [])
        }
    }

    @Test("a transaction within a transaction undoes only itself")
    func nested() async throws {
        try await TestServer.withTable { pool in
            try await pool.transaction { (connection) throws(DatabaseError) in
                try connection.query("insert into t values (1)")
                _ = try? connection.transaction { (connection) throws(DatabaseError) in
                    try connection.query("insert into t values (2)")
                    try connection.query("select 1 / 0")
                }
                try connection.transaction { (connection) throws(DatabaseError) in
                    _ = try connection.query("insert into t values (3)")
                }
            }
            let left = try await pool.numbers()
            #expect(left == [1, 3])
        }
    }

    @Test("a transaction that a caller forgot to end does not reach the next one")
    func forgotten() async throws {
        try await TestServer.withPool(size: 1) { pool in
            try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.execute(script: "begin; set local application_name = 'forgotten'")
            }
            let name = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select current_setting('application_name')").only().string(0)
            }
            #expect(name == "durable")
        }
    }
}
