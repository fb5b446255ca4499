package import DurableCore
package import DurablePostgres
package import LibPQ
import Logging
import Testing

/// A migrated schema of a test's own, and a pool on it.
package struct PostgresFixture: Sendable {
    package let databaseURL: String
    package let schema: String
    package let pool: ConnectionPool
    package let storage: PostgresStorage

    /// Runs the body with a fresh schema, and drops it afterwards.
    ///
    /// - Parameters:
    ///   - databaseURL: Where; the cluster that all tests share unless given.
    ///   - settings: What its sessions are set to.
    ///   - route: How to get there. Past a pooler, what the body leaves behind in a session is a failure of the test.
    package static func with<Value: Sendable>(
        databaseURL: String? = nil,
        through route: Route = .direct,
        poolSize: Int = 4,
        settings: [String: String] = [:],
        migrated: Bool = true,
        _ body: (PostgresFixture) async throws -> Value
    ) async throws -> Value {
        let databaseURL = if let databaseURL { databaseURL } else { try await route.databaseURL }
        let logger = Logger(label: "test")
        let configuration = DatabaseConfiguration(
            url: databaseURL,
            poolSize: poolSize,
            acquireTimeout: .seconds(20),
            isPooled: route != .direct,
            settings: settings
        )
        return try await ConnectionPool.withPool(configuration, logger: logger) { pool in
            try await TestSchema.with { statement in
                try await pool.withConnection { connection throws(DatabaseError) in
                    try connection.execute(script: statement)
                }
            } _: { schema in
                if migrated { _ = try await Migrator(pool: pool, schema: schema.name, logger: logger).migrate() }
                let value = try await body(
                    PostgresFixture(
                        databaseURL: databaseURL,
                        schema: schema.name,
                        pool: pool,
                        storage: PostgresStorage(pool: pool, schema: schema.name, logger: logger)
                    )
                )
                if route == .pgbouncer {
                    let leftovers = try await pool.sessionState()
                    #expect(leftovers.isEmpty, "a pooler hands this on to whoever has the session next")
                }
                return value
            }
        }
    }

    /// Runs a statement as a person would with psql.
    package func execute(_ script: String) async throws {
        try await pool.withConnection { connection throws(DatabaseError) in try connection.execute(script: script) }
    }

    /// Sets the schema's clock off by that much.
    package func setClock(offsetMilliseconds: Int) async throws {
        try await setClock("pg_catalog.now() + interval '\(offsetMilliseconds) milliseconds'")
    }

    /// Stops the schema's clock at that time.
    package func setClock(at time: Timestamp) async throws {
        try await setClock("timestamptz 'epoch' + interval '\(time.microseconds) microseconds'")
    }

    private func setClock(_ expression: String) async throws {
        try await execute(
            """
            create or replace function \(schema).clock() returns timestamptz
                language sql stable parallel safe
                return \(expression)
            """
        )
    }
}
