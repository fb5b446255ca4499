import DurableCore
import DurablePostgres
import DurableServer
import DurableWire
import LibPQ
import Logging

/// A schema of a benchmark's own, migrated, with connections to it.
struct Arena: Sendable {
    let settings: BenchSettings
    let schema: String
    let pool: ConnectionPool
    let storage: any Storage
    let logger: Logger

    /// Runs the body with a fresh schema, which is dropped when the body ends, however it does.
    ///
    /// - Parameter connections: How many the benchmark itself uses at most.
    static func with<Value: Sendable>(
        _ settings: BenchSettings,
        connections: Int = 4,
        _ body: (Arena) async throws -> Value
    ) async throws -> Value {
        let logger = Logger(label: "durable.bench")
        let schema = BenchSchema.freshName()
        var configuration = settings.database.configuration(poolSize: connections + 1)
        // Marks the schema as in use.
        configuration.applicationName = schema
        return try await ConnectionPool.withPool(configuration, logger: logger) { pool in
            let arena = Arena(
                settings: settings,
                schema: schema,
                pool: pool,
                storage: PostgresStorage(pool: pool, schema: schema, logger: logger),
                logger: logger
            )
            do {
                _ = try await Migrator(pool: pool, schema: schema, logger: logger).migrate()
                let value = try await body(arena)
                try await arena.drop()
                return value
            } catch {
                try? await arena.drop()
                throw error
            }
        }
    }

    /// Runs a statement of the benchmark's own.
    @discardableResult
    func query(_ statement: SQL) async throws -> Rows {
        try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement) }
    }

    /// The table's name with the schema's.
    func table(_ name: String) -> String { schema + "." + name }

    /// Has the planner know what is there, as autovacuum does by itself in time.
    func analyze(_ tables: String...) async throws {
        for name in tables { try await query(SQL(unescaped: "analyze \(table(name))")) }
    }

    /// What is worth knowing about the server.
    func serverFacts() async throws -> [JSON.Member] {
        let row = try await query(
            """
            select current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit'),
                current_setting('full_page_writes')
            """
        ).only()
        let names = ["version", "fsync", "synchronous_commit", "full_page_writes"]
        return try names.enumerated().map { .init($1, .string(try row.string($0))) }
    }

    /// Drops the schema, also when the benchmark was told to stop.
    private func drop() async throws {
        let (pool, schema, status) = (pool, schema, settings.status)
        try await Task {
            status.begin("Dropping the schema \(schema)")
            try await BenchSchema.drop(schema, pool)
        }.value
    }
}
