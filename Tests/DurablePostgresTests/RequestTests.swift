import DurableCore
import DurablePostgres
import DurableTestKit
import LibPQ
import Testing

/// What people ask for in SQL, and a worker does.
@Suite("Requests in SQL", .timeLimit(.minutes(1)))
struct RequestTests {
    private static let approval = TaskDefinition(
        id: "approval",
        options: TaskOptions(timeoutMs: 600_000),
        kind: .sleeping
    )

    @Test("an execution is cancelled and retried by its id, and what came of it is told")
    func cancelAndRetry() async throws {
        try await PostgresFixture.with { fixture in
            let storage = fixture.storage
            let new = NewExecution(taskID: "add1", input: Payload(json: "1"), options: TaskOptions(timeoutMs: 5000))
            let id = try await storage.insert([new])[0].executionID
            try await fixture.execute("select \(fixture.schema).cancel_execution('\(id)')")
            let untouched = try await storage.executions([id])[id]
            #expect(untouched?.status == .ready)
            let cancelling = try await storage.applyRequests(limit: 10)
            #expect(cancelling.count == 1 && cancelling.signals.contains(.cancelled))
            let cancelled = try await storage.executions([id])[id]
            #expect(cancelled?.status == .cancelled)

            // The uuid of the row does as well.
            try await fixture.execute(
                "select \(fixture.schema).retry_execution(id::text) from \(fixture.schema).executions"
            )
            _ = try await storage.applyRequests(limit: 10)
            let retried = try await storage.executions([id])[id]
            #expect(retried?.status == .ready)

            try await fixture.execute("select \(fixture.schema).retry_execution('\(id)')")
            _ = try await storage.applyRequests(limit: 10)
            let results = try await results(fixture)
            #expect(results == ["cancelled", "retried", "not retried: it has not finished"])
            let nothing = try await storage.applyRequests(limit: 10)
            #expect(nothing.count == 0)
        }
    }

    @Test("a sleeper is woken up with an output or a failure, also before it sleeps")
    func wakeUp() async throws {
        try await PostgresFixture.with { fixture in
            let storage = fixture.storage
            func enqueue(_ name: String) async throws -> ExecutionID {
                let new = try NewExecution(of: Self.approval, input: Payload(json: #""\#(name)""#))
                return try await storage.insert([new])[0].executionID
            }
            let approved = try await enqueue("a")
            let refused = try await enqueue("b")
            try await fixture.execute(
                """
                select \(fixture.schema).wake_up('approval', 'a', '{"by": "me"}');
                select \(fixture.schema).wake_up('approval', 'b', failure => 'too late');
                select \(fixture.schema).wake_up('approval', 'c');
                """
            )
            let progress = try await storage.applyRequests(limit: 10)
            #expect(progress.count == 3)
            let early = try await enqueue("c")
            let executions = try await storage.executions([approved, refused, early])
            #expect(executions[approved]?.status == .completed)
            #expect(executions[approved]?.output == Payload(json: #"{"by": "me"}"#))
            #expect(executions[refused]?.error == .nonRetryable("too late"))
            #expect(executions[early]?.status == .completed && executions[early]?.output == .undefined)
        }
    }

    @Test("a worker that applies requests while others do is alone with each of them")
    func concurrently() async throws {
        try await PostgresFixture.with(poolSize: 8) { fixture in
            let storage = fixture.storage
            let new = NewExecution(taskID: "add1", input: Payload(json: "1"), options: TaskOptions(timeoutMs: 5000))
            let ids = try await storage.insert((0..<50).map { _ in new }).map(\.executionID)
            _ = try await storage.cancel(ids)
            try await fixture.execute(
                "select \(fixture.schema).retry_execution(id::text) from \(fixture.schema).executions"
            )
            let counts = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await storage.applyRequests(limit: 50).count } }
                return try await group.reduce(0, +)
            }
            #expect(counts == 50)
            let results = try await results(fixture)
            #expect(results == Array(repeating: "retried", count: 50))
        }
    }

    private func results(_ fixture: PostgresFixture) async throws -> [String] {
        let statement = SQL(
            unescaped: "select result from \(fixture.schema).requests order by requested_at, applied_at"
        )
        return try await fixture.pool.withConnection { connection throws(DatabaseError) in
            var results: [String] = []
            for row in try connection.query(statement) { results.append(try row.stringIfPresent(0) ?? "") }
            return results
        }
    }
}
