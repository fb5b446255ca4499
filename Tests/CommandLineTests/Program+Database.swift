import DurableCore
import DurablePostgres
import DurableTestKit

extension Program {
    /// Runs the body with the program on a schema of its own, and that schema.
    ///
    /// Once migrated, it knows a task (`add1`), a sleeping one (`payment`) and a parent (`sum`).
    static func withDatabase(
        through route: Route = .direct,
        migrated: Bool = true,
        _ body: (Program, PostgresFixture) async throws -> Void
    ) async throws {
        try await PostgresFixture.with(through: route, migrated: migrated) { fixture in
            if migrated {
                _ = try await fixture.storage.register([
                    add1,
                    TaskDefinition(id: "payment", options: TaskOptions(timeoutMs: 600_000), kind: .sleeping),
                    TaskDefinition(
                        id: "sum",
                        options: TaskOptions(timeoutMs: 5000),
                        kind: .parent(finalize: nil, onChildFailure: .continue)
                    ),
                ])
            }
            let environment = [
                "DATABASE_URL": fixture.databaseURL, "DURABLE_SCHEMA": fixture.schema,
                "DURABLE_POOLED": route == .pgbouncer ? "true" : "false",
            ]
            try await Program.with(environment: environment) { durable in try await body(durable, fixture) }
        }
    }

    static let add1 = TaskDefinition(
        id: "add1",
        options: TaskOptions(timeoutMs: 5000, retryOptions: RetryOptions(maxAttempts: 2))
    )
}
