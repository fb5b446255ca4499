package import LibPQ
package import Logging

/// Brings a database's schema to what this program needs, and tells how far it is.
package struct Migrator: Sendable {
    private let pool: ConnectionPool
    private let schema: String
    private let statements: MigrationStatements
    private let logger: Logger

    package init(pool: ConnectionPool, schema: String, logger: Logger) {
        self.pool = pool
        self.schema = schema
        self.statements = MigrationStatements(Statements(schema: schema))
        self.logger = logger
    }

    /// Applies what is missing, each file in a transaction of its own, under a lock that lets ten replicas do this at once.
    ///
    /// - Returns: The migrations that this call applied.
    /// - Throws: `MigrationError` or `DatabaseError`.
    package func migrate() async throws -> [Migration] {
        let statements = statements
        let encoding = try await pool.withConnection { connection throws(DatabaseError) in
            try connection.query(statements.encoding).only().string(0)
        }
        guard encoding == "UTF8" else { throw MigrationError.encoding(encoding) }

        var applied: [Migration] = []
        while let migration = try await applyNextWhenPossible() {
            logger.notice("Applied a migration", metadata: ["migration": "\(migration.name)"])
            applied.append(migration)
        }
        return applied
    }

    /// Every migration that the program or the database knows, and how it stands.
    package func status() async throws -> [MigrationStatus] {
        let statements = statements
        return Self.status(
            try await pool.withConnection { connection throws(DatabaseError) in try statements.applied(&connection) }
        )
    }

    /// Refuses a schema that this program cannot work with.
    package func check() async throws {
        try refuse(try await status(), pending: true)
    }

    /// Lets those who use a table finish, and those who came meanwhile go first, before it is tried again.
    private func applyNextWhenPossible() async throws -> Migration? {
        var hasWaited = false
        while true {
            do {
                return try await applyNext()
            } catch let error as DatabaseError where error.sqlState == .lockNotAvailable {
                if !hasWaited {
                    logger.notice("A migration waits for somebody who uses the tables; pg_stat_activity shows who does")
                }
                hasWaited = true
                try await Task.sleep(for: .seconds(3))
            }
        }
    }

    /// One transaction: takes the lock, looks again, applies the first migration that is missing.
    private func applyNext() async throws -> Migration? {
        let statements = statements
        let (status, applied) = try await pool.withConnection { connection throws(DatabaseError) in
            try connection.transaction { connection throws(DatabaseError) in
                _ = try connection.query(statements.lock)
                if try !connection.query(statements.schemaExists).only().bool(0) {
                    _ = try connection.query(statements.createSchema)
                }
                try connection.execute(script: statements.createTable)
                let status = Self.status(try statements.applied(&connection))
                let isSound = status.allSatisfy { $0.state != .edited && $0.state != .breaking }
                let next = Migration.all.first { migration in
                    status.contains { $0.version == migration.version && $0.state == .pending }
                }
                guard isSound, let next else { return (status, nil as Migration?) }
                _ = try connection.query(statements.searchPath)
                _ = try connection.query(statements.patience)
                try connection.execute(script: next.sql)
                _ = try connection.query(statements.record(next))
                return (status, next)
            }
        }
        try refuse(status, pending: false)
        return applied
    }

    private static func status(_ applied: [AppliedMigration]) -> [MigrationStatus] {
        let known = Migration.all.map { migration in
            MigrationStatus(migration, applied: applied.first { $0.version == migration.version })
        }
        let unknown = applied.filter { applied in !Migration.all.contains { $0.version == applied.version } }
        return known + unknown.map(MigrationStatus.init(unknown:))
    }

    private func refuse(_ status: [MigrationStatus], pending: Bool) throws(MigrationError) {
        for migration in status {
            switch migration.state {
            case .edited: throw .edited(schema: schema, name: migration.name)
            case .breaking: throw .newer(schema: schema, name: migration.name)
            case .pending where pending: throw .pending(schema: schema, name: migration.name)
            case .pending, .applied, .newer: continue
            }
        }
    }
}
