import LibPQ
import Testing

@Suite("Cancelling and deadlines", .timeLimit(.minutes(1)))
struct InterruptionTests {
    /// Whether a statement with that comment runs on the server.
    private func isRunning(_ mark: String) async throws -> Bool {
        try await TestServer.withPool(size: 1) { pool in
            try await pool.withConnection { (connection) throws(DatabaseError) in
                let pattern = "%/* \(mark) */%"
                return try connection.query(
                    "select 1 from pg_stat_activity where state = 'active' and query like \(pattern) and pid <> pg_backend_pid()"
                ).isEmpty == false
            }
        }
    }

    @Test("cancelling the task cancels the statement, and the connection serves on")
    func cancel() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let backend = try await pool.backend()
            let task = Task {
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    _ = try connection.query("select pg_sleep(60) /* cancel me */")
                }
            }
            try await eventually { try await isRunning("cancel me") }
            let begin = ContinuousClock.now
            task.cancel()
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(ContinuousClock.now - begin < .seconds(15))
            #expect(error?.kind == .cancelled)
            #expect(error?.outcomeUnknown == false)
            let same = try await pool.backend()
            #expect(same == backend)
        }
    }

    @Test("a caller that is cancelled while waiting leaves the queue")
    func cancelWaiting() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let gate = Gate()
            async let held: Void = pool.withConnection { _ throws(DatabaseError) in gate.wait() }
            try await eventually { pool.usage.outstanding == 1 }
            let task = Task { try await pool.withConnection { _ throws(DatabaseError) in } }
            try await eventually { pool.usage.waiting == 1 }
            task.cancel()
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            #expect(pool.usage.waiting == 0)
            gate.open()
            try await held
        }
    }

    @Test("a caller that was cancelled before it called gets no connection")
    func cancelledBefore() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await pool.withConnection { (connection) throws(DatabaseError) in
                    _ = try connection.query("select pg_sleep(60)")
                }
            }
            task.cancel()
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
        }
    }

    @Test("a caller that is cancelled between two statements does not begin the second")
    func cancelBetweenStatements() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let gate = Gate()
            let task = Task {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    try connection.query("create temporary table between_statements ()")
                    gate.wait()
                    try connection.query("select pg_sleep(60)")
                }
            }
            try await eventually { pool.usage.outstanding == 1 }
            task.cancel()
            gate.open()
            let error = await #expect(throws: DatabaseError.self) { try await task.value }
            #expect(error?.kind == .cancelled)
            let exists = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select to_regclass('between_statements') is not null").only().bool(0)
            }
            #expect(!exists)
        }
    }

    @Test("a cancellation never hits the next caller on the connection")
    func noLateCancel() async throws {
        try await TestServer.withPool(size: 2) { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                // Cancelled at about the moment when their statements end by themselves.
                for number in 0..<200 {
                    group.addTask {
                        let task = Task {
                            try await pool.withConnection { (connection) throws(DatabaseError) in
                                _ = try connection.query("select pg_sleep(\(0.001))")
                            }
                        }
                        try await Task.sleep(for: .microseconds(500 + number * 50))
                        task.cancel()
                        do {
                            try await task.value
                        } catch let error as DatabaseError {
                            #expect(error.kind == .cancelled)
                        }
                    }
                    // Never cancelled, so never to fail.
                    group.addTask {
                        try await pool.withConnection { (connection) throws(DatabaseError) in
                            for _ in 0..<3 { try connection.query("select pg_sleep(\(0.001))") }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pool.usage.outstanding == 0)
        }
    }

    @Test("a deadline cancels the statement")
    func deadline() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let backend = try await pool.backend()
            let begin = ContinuousClock.now
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.withConnection(deadline: .milliseconds(200)) { (connection) throws(DatabaseError) in
                    _ = try connection.query("select pg_sleep(60)")
                }
            }
            let elapsed = ContinuousClock.now - begin
            #expect(error?.kind == .timeout(.deadline))
            #expect(error?.outcomeUnknown == false)
            #expect(elapsed >= .milliseconds(200) && elapsed < .seconds(15))
            let same = try await pool.backend()
            #expect(same == backend)
        }
    }

    @Test("statement_timeout is the server's own deadline")
    func statementTimeout() async throws {
        try await TestServer.withPool(size: 1, { $0.statementTimeout = .milliseconds(100) }) { pool in
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    _ = try connection.query("select pg_sleep(60)")
                }
            }
            #expect(error?.kind == .server)
            #expect(error?.sqlState == .queryCancelled)
            #expect(error?.isTransient == true)
        }
    }
}

extension ConnectionPool {
    /// Returns when a connection stands, which may take longer than the pool's acquire timeout.
    func untilConnected() async throws {
        try await eventually {
            do throws(DatabaseError) {
                try await withConnection { _ throws(DatabaseError) in }
                return true
            } catch {
                return false
            }
        }
    }

    /// The server process behind the pool's (only) connection.
    func backend() async throws -> Int32 {
        try await withConnection { (connection) throws(DatabaseError) in
            try connection.query("select pg_backend_pid()").only().int32(0)
        }
    }
}
