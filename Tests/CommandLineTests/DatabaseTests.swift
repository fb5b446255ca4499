import DurableCore
import DurablePostgres
import DurableTestKit
import Testing

@Suite("Command line, with a database")
struct DatabaseTests {
    @Test("migrate brings the schema up to date, once, and its status tells how far it is")
    func migrate() async throws {
        try await Program.withDatabase(migrated: false) { durable, _ in
            let before = try await durable("migrate", "--status")
            #expect(before.exitCode == 1)
            #expect(before.output.contains("pending"))
            #expect(before.errors.contains("durable migrate"))

            let first = try await durable("migrate", "--json")
            #expect(first.exitCode == 0)
            let name = try first.json()["migration"] as? String
            #expect(name == "0001_executions")

            let second = try await durable("migrate")
            #expect(second.exitCode == 0)
            #expect(second.output == "The schema is up to date.\n")

            let after = try await durable("migrate", "--status", "--json")
            #expect(after.exitCode == 0)
            let state = try after.json()["state"] as? String
            #expect(state == "applied")
        }
    }

    @Test(
        "migrate and the verbs for people work through pgbouncer",
        .enabled(if: TestCluster.pgbouncer != nil, "TEST_PGBOUNCER_URL is not set")
    )
    func pooled() async throws {
        try await Program.withDatabase(through: .pgbouncer, migrated: false) { durable, fixture in
            let migrated = try await durable("migrate")
            #expect(migrated.exitCode == 0)
            let status = try await durable("migrate", "--status")
            #expect(status.exitCode == 0)
            _ = try await fixture.storage.register([Program.add1])
            let enqueued = try await durable("enqueue", "add1", "1")
            #expect(enqueued.exitCode == 0)
            let listed = try await durable("list", "--json")
            #expect(listed.outputLines.count == 1)
        }
    }

    @Test("with a URL past the pooler, migrations take it")
    func direct() async throws {
        try await Program.withDatabase(migrated: false) { durable, _ in
            var durable = durable
            durable.environment["DURABLE_DIRECT_DATABASE_URL"] = durable.environment["DATABASE_URL"]
            durable.environment["DATABASE_URL"] = "postgresql://127.0.0.1:1/nobody-listens"
            durable.environment["DURABLE_POOLED"] = "true"
            let migrated = try await durable("migrate")
            #expect(migrated.exitCode == 0)
            #expect(migrated.output.contains("Applied"))
        }
    }

    @Test("a schema that is too old is refused at start, unless it may be migrated", .timeLimit(.minutes(1)))
    func oldSchema() async throws {
        try await Program.withDatabase(migrated: false) { durable, _ in
            let result = try await durable("serve", "--open", "--port", "0")
            #expect(result.exitCode == 1)
            #expect(result.errors.contains("durable migrate"))
        }
    }

    @Test("an execution is enqueued, shown, listed and cancelled")
    func life() async throws {
        try await Program.withDatabase { durable, _ in
            let enqueued = try await durable("enqueue", "add1", "-", input: #"{"n": 41}"#)
            #expect(enqueued.exitCode == 0)
            let id = try #require(enqueued.outputLines.first)
            #expect(ExecutionID(id) != nil)

            let shown = try await durable("show", id)
            #expect(shown.exitCode == 0)
            #expect(shown.outputLines.first == "\(id)  add1  ready")
            #expect(shown.output.contains("0 of 2"))
            #expect(shown.output.contains(#"{"n":41}"#))

            let record = try await durable("show", id, "--json")
            let inspection = try record.json()
            #expect(inspection["reason"] as? String != nil)
            #expect(inspection["attempts"] as? [String] == [])
            let members = try #require(inspection["execution"] as? [String: Any])
            #expect(members["status"] as? String == "ready")
            #expect(members["executionId"] as? String == id)
            #expect(members["input"] as? [String: Int] == ["n": 41])

            let listed = try await durable("list", "--task", "add1", "--status", "ready", "--json")
            let row = try listed.json()
            #expect(row["executionId"] as? String == id)
            let others = try await durable("list", "--status", "running", "--json")
            #expect(others.output == "")

            let cancelled = try await durable("cancel", id, "--json")
            #expect(cancelled.exitCode == 0)
            let status = try cancelled.json()["status"] as? String
            #expect(status == "cancelled")

            let pruned = try await durable("prune", "--days", "0", "--json")
            let deleted = try pruned.json()["deleted"] as? Int
            #expect(deleted == 1)
            let gone = try await durable("show", id)
            #expect(gone.exitCode == 1)
            #expect(gone.errors == "Error: Task execution not found [executionId=\(id)]\n")
        }
    }

    @Test("the same idempotency key gives the same execution, and another input is refused")
    func idempotency() async throws {
        try await Program.withDatabase { durable, _ in
            let first = try await durable("enqueue", "add1", "1", "--idempotency-key", "k", "--json")
            let second = try await durable("enqueue", "add1", "1", "--idempotency-key", "k", "--json")
            #expect(first.exitCode == 0)
            #expect(first.output == second.output)
            let third = try await durable("enqueue", "add1", "2", "--idempotency-key", "k")
            #expect(third.exitCode == 1)
            #expect(third.errors.contains("idempotency key"))
        }
    }

    @Test("waiting prints the record at the end, and fails when the execution did", .timeLimit(.minutes(1)))
    func wait() async throws {
        try await Program.withDatabase { durable, fixture in
            async let waiting = durable("enqueue", "add1", "1", "--wait", "--json")
            var id: ExecutionID?
            while id == nil { id = try await fixture.storage.list(ExecutionQuery()).first?.id }
            _ = try await fixture.storage.cancel([try #require(id)])
            let result = try await waiting
            #expect(result.exitCode == 1)
            let status = try result.json()["status"] as? String
            #expect(status == "cancelled")
        }
    }

    @Test("a task that nobody knows is named; those that workers announced are listed")
    func tasks() async throws {
        try await Program.withDatabase { durable, _ in
            let unknown = try await durable("enqueue", "add2")
            #expect(unknown.exitCode == 1)
            #expect(unknown.errors == "Error: Task add2 not found\n")
            let tasks = try await durable("tasks", "--json")
            #expect(tasks.outputLines.count == 3)
            let members = try tasks.json()
            #expect(members["taskId"] as? String == "add1")
            #expect(members["timeoutMs"] as? Int == 5000)
        }
    }

    @Test("what a payload or an error says cannot act on the terminal")
    func terminal() async throws {
        try await Program.withDatabase { durable, _ in
            let enqueued = try await durable("enqueue", "add1", "\"\u{9B}31m\"")
            let shown = try await durable("show", try #require(enqueued.outputLines.first))
            #expect(shown.exitCode == 0)
            #expect(!shown.output.unicodeScalars.contains("\u{9B}"))
        }
    }
}
