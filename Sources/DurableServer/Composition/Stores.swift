package import DurableCore
package import DurablePostgres
package import LibPQ
package import Logging

/// A database with all that works on it.
///
/// Nothing connects before it is used.
package struct Stores: Sendable {
    package let settings: DatabaseSettings
    package let pool: ConnectionPool
    package let storage: any Storage
    package let signals: PostgresSignals
    /// Looks at the schema.
    package let migrator: Migrator
    private let logger: Logger

    package init(_ settings: DatabaseSettings, poolSize: Int = 8, logger: Logger) {
        let schema = settings.schema
        self.settings = settings
        self.logger = logger
        pool = ConnectionPool(settings.configuration(poolSize: poolSize), logger: logger)
        signals = PostgresSignals(
            pool: pool,
            listening: settings.directConfiguration,
            schema: schema,
            logger: logger
        )
        storage = PostgresStorage(pool: pool, schema: schema, signals: signals, logger: logger)
        migrator = Migrator(pool: pool, schema: schema, logger: logger)
    }

    /// Closes the connections once what they do is done.
    package func close() async {
        await pool.close()
    }

    /// Brings the schema up to date, past the pooler where that is possible.
    ///
    /// - Returns: The names of the migrations that were applied.
    package func migrate() async throws -> [String] {
        guard settings.isPooled, let direct = settings.directConfiguration else {
            return try await migrator.migrate().map(\.name)
        }
        return try await ConnectionPool.withPool(direct, logger: logger) { pool in
            try await Migrator(pool: pool, schema: settings.schema, logger: logger).migrate().map(\.name)
        }
    }
}
