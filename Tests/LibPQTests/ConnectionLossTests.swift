import LibPQ
import Testing

@Suite("Lost connections", .timeLimit(.minutes(1)))
struct ConnectionLossTests {
    /// Ends a server process and returns when it is gone.
    private func terminate(_ backend: Int32) async throws {
        try await TestServer.withPool(size: 1) { pool in
            let isGone = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select pg_terminate_backend(\(backend), 10000)").only().bool(0)
            }
            #expect(isGone)
        }
    }

    @Test("one lost while idle is replaced before a caller notices")
    func idle() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let backend = try await pool.backend()
            try await terminate(backend)
            let replacement = try await pool.backend()
            #expect(replacement != backend)
        }
    }

    @Test("one lost under a statement is reported as such and replaced; nobody knows what became of the statement")
    func midStatement() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let backend = try await pool.backend()
            let task = Task {
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    _ = try connection.query("select pg_sleep(60)")
                }
            }
            try await TestServer.untilActive(backend, "select pg_sleep(60)")
            try await terminate(backend)
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.kind == .connectionLost)
            #expect(error?.isTransient == true)
            #expect(error?.outcomeUnknown == true)
            let replacement = try await pool.backend()
            #expect(replacement != backend)
        }
    }

    @Test("a statement of a transaction that never came to its commit has certainly not taken effect")
    func midTransaction() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let backend = try await pool.backend()
            let task = Task {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    _ = try connection.query("select pg_sleep(60)")
                }
            }
            try await TestServer.untilActive(backend, "select pg_sleep(60)")
            try await terminate(backend)
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.kind == .connectionLost)
            #expect(error?.outcomeUnknown == false)
        }
    }

    @Test("one lost under a commit leaves the outcome unknown")
    func midCommit() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let backend = try await pool.backend()
            let task = Task {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    // The sleep is part of the commit: the trigger is deferred to it.
                    try connection.execute(
                        script: """
                            create temporary table slow (n integer);
                            create function pg_temp.sleep() returns trigger language plpgsql
                                as $$ begin perform pg_sleep(60); return null; end $$;
                            create constraint trigger slow after insert on slow deferrable initially deferred
                                for each row execute function pg_temp.sleep();
                            insert into slow values (1)
                            """
                    )
                }
            }
            try await TestServer.untilActive(backend, "commit")
            try await terminate(backend)
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.kind == .connectionLost)
            #expect(error?.outcomeUnknown == true)
        }
    }

    @Test("a server that has become read-only is left for whoever is at its address next")
    func readOnly() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let backend = try await pool.backend()
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    try connection.execute(script: "set default_transaction_read_only = on")
                    try connection.query("create table never ()")
                }
            }
            #expect(error?.kind == .connectionLost)
            #expect(error?.sqlState == .readOnlyTransaction)
            #expect(error?.isTransient == true)
            #expect(error?.outcomeUnknown == false)
            let replacement = try await pool.backend()
            #expect(replacement != backend)
        }
    }
}

extension TestServer {
    /// Returns when the server process sleeps in that statement.
    static func untilActive(_ backend: Int32, _ statement: String) async throws {
        try await withPool(size: 1) { pool in
            try await eventually {
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    try connection.query(
                        """
                        select 1 from pg_stat_activity
                        where pid = \(backend) and query = \(statement) and state = 'active' and wait_event = 'PgSleep'
                        """
                    ).count == 1
                }
            }
        }
    }
}
