import Dispatch
import DurableCore
import DurablePostgres
import DurableTestKit
import LibPQ
import Testing

/// Many clients at once, through the clients' side of the service.
@Suite("Many clients at once", .timeLimit(.minutes(2)))
struct CrowdTests {
    private static let plain = TaskDefinition(id: "add1", options: TaskOptions(timeoutMs: 5000))
    private static let sleeper = TaskDefinition(
        id: "approval",
        options: TaskOptions(timeoutMs: 600_000),
        kind: .sleeping
    )

    /// A crowd's call, and what is to become of it.
    private struct Call {
        var request: EnqueueRequest
        var isGranted = true
    }

    private static func calls(_ count: Int) -> [Call] {
        (0..<count).map { Call(request: EnqueueRequest(taskID: plain.id, input: Payload(json: "\($0)"))) }
    }

    private static func executions(_ fixture: PostgresFixture) -> Executions {
        var patient = GatheringLimits()
        patient.patience = .seconds(60)
        return Executions(
            storage: fixture.storage,
            signals: LocalSignals(),
            tasks: [plain, sleeper],
            gathering: patient
        )
    }

    /// Makes all calls at once; checks what becomes of each, and that what was granted can be seen at that very moment.
    private static func make(_ calls: [Call], _ executions: Executions, _ fixture: PostgresFixture) async throws {
        try await withThrowingTaskGroup { group in
            for call in calls {
                group.addTask {
                    let id: ExecutionID
                    do {
                        id = try await executions.enqueue(call.request)
                    } catch {
                        return #expect(!call.isGranted, "\(error)")
                    }
                    #expect(call.isGranted)
                    let found = try await fixture.storage.executions([id])[id]
                    #expect(found?.input == call.request.input)
                }
            }
            try await group.waitForAll()
        }
    }

    /// Rows, and the transactions that stored them.
    private static func stored(_ fixture: PostgresFixture) async throws -> (rows: Int, commits: Int) {
        let statement = SQL(
            unescaped: "select count(*), count(distinct xmin::text) from \(fixture.schema).executions"
        )
        return try await fixture.pool.withConnection { connection throws(DatabaseError) in
            let row = try connection.query(statement).only()
            return (try row.int(0), try row.int(1))
        }
    }

    @Test("hundreds who enqueue at once share commits, and each is answered after their own")
    func shared() async throws {
        try await PostgresFixture.with { fixture in
            try await Self.make(Self.calls(500), Self.executions(fixture), fixture)
            let (rows, commits) = try await Self.stored(fixture)
            #expect(rows == 500)
            #expect(commits < 100)
        }
    }

    @Test("what is refused in a crowd is refused alone")
    func refusals() async throws {
        try await PostgresFixture.with { fixture in
            let executions = Self.executions(fixture)
            let keyed = EnqueueOptions(idempotencyKey: "k")
            let name = Payload(json: #""taken""#)
            _ = try await executions.enqueue(
                EnqueueRequest(taskID: "add1", input: Payload(json: "1"), options: keyed)
            )
            _ = try await executions.enqueue(EnqueueRequest(taskID: "approval", input: name))

            var calls = Self.calls(300)
            calls[50].request.options = keyed
            calls[50].isGranted = false
            calls[100].request = EnqueueRequest(taskID: "approval", input: name)
            calls[100].isGranted = false
            for poisoned in [7, 150, 299] {
                // A text that PostgreSQL cannot store.
                calls[poisoned].request.trace = TraceContext(traceparent: "\0")
                calls[poisoned].isGranted = false
            }
            try await Self.make(calls, executions, fixture)
            let rows = try await Self.stored(fixture).rows
            #expect(rows == 2 + 295)
        }
    }

    @Test("a crowd is stored once although its connections are lost in the middle")
    func lostConnections() async throws {
        try await PostgresFixture.with(poolSize: 8) { fixture in
            let schema = fixture.schema
            // Holds statements up that have begun: where they only wait to be prepared, nothing can have happened.
            let key = "hashtext('\(schema)')"
            try await fixture.execute(
                """
                create function \(schema).hold_up() returns trigger language plpgsql
                    as $$ begin perform pg_advisory_xact_lock_shared(\(key)); return null; end $$;
                create trigger hold_up before insert on \(schema).executions execute function \(schema).hold_up();
                """
            )
            let release = DispatchSemaphore(value: 0)
            let hold = SQL(unescaped: "select pg_advisory_xact_lock(\(key))")
            async let holder: Void = fixture.pool.transaction { connection throws(DatabaseError) in
                try connection.query(hold)
                release.wait()
            }
            defer { release.signal() }
            try await Self.untilAny("select 1 where not pg_try_advisory_xact_lock_shared(\(key))", fixture)

            async let made: Void = Self.make(Self.calls(100), Self.executions(fixture), fixture)
            let heldUp = """
                select pid from pg_stat_activity
                where wait_event = 'advisory' and query like '%insert into "\(schema)".executions%'
                """
            try await Self.untilAny("select pg_terminate_backend(pid) from (\(heldUp)) as h", fixture)
            release.signal()
            try await made
            try await holder
            let rows = try await Self.stored(fixture).rows
            #expect(rows == 100)
        }
    }

    /// Asks until there is a row.
    private static func untilAny(_ query: String, _ fixture: PostgresFixture) async throws {
        let statement = SQL(unescaped: query)
        while try await fixture.pool.withConnection({ connection throws(DatabaseError) in
            try connection.query(statement).isEmpty
        }) {}
    }

    @Test("hundreds who read at once get their own execution each, or none")
    func lookUps() async throws {
        try await PostgresFixture.with { fixture in
            let executions = Self.executions(fixture)
            let ids = try await executions.enqueue(Self.calls(300).map(\.request))
            try await withThrowingTaskGroup { group in
                for (index, id) in ids.enumerated() {
                    group.addTask {
                        let execution = try await executions.execution(id.description, of: "add1")
                        #expect(execution.id == id && execution.input == Payload(json: "\(index)"))
                    }
                    group.addTask {
                        let unknown = ExecutionID(bits: UInt128(index)).description
                        await #expect(throws: RequestError.executionNotFound(unknown)) {
                            try await executions.execution(unknown, of: "add1")
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
