import LibPQ

/// The SQL around migrations; theirs is in `migrations/`.
struct MigrationStatements: Sendable {
    private let schema: String
    private let schemaName: String

    init(_ statements: Statements) {
        schema = statements.schema
        schemaName = statements.schemaName
    }

    var encoding: SQL { "select current_setting('server_encoding')" }

    /// Held until the transaction ends, so it works behind a transaction pooler too.
    var lock: SQL { "select pg_advisory_xact_lock(hashtextextended('durable migrate ' || \(schemaName), 0))" }

    var schemaExists: SQL { "select exists (select from pg_catalog.pg_namespace where nspname = \(schemaName))" }

    var createSchema: SQL { "create schema \(unescaped: schema)" }

    var searchPath: SQL { "select set_config('search_path', \(schema), true)" }

    /// How long a file may wait for a lock on a table: whoever comes after it waits as well.
    var patience: SQL { "select set_config('lock_timeout', '2s', true)" }

    var createTable: String {
        """
        create table if not exists \(schema).migrations (
            applied_at  timestamptz not null,
            version     integer     not null primary key,
            is_breaking boolean     not null,
            name        text        not null,
            checksum    text        not null
        );
        comment on table \(schema).migrations is 'The migrations that `durable migrate` has applied.';
        comment on column \(schema).migrations.applied_at is 'When it was applied.';
        comment on column \(schema).migrations.version is 'The number that its file begins with.';
        comment on column \(schema).migrations.is_breaking is 'Whether programs that do not know it refuse the schema.';
        comment on column \(schema).migrations.name is 'The name of its file.';
        comment on column \(schema).migrations.checksum is 'SHA-256 of its file: an applied file must not change.';
        """
    }

    func record(_ migration: Migration) -> SQL {
        """
        insert into \(unescaped: schema).migrations (version, name, checksum, is_breaking, applied_at)
        values (\(migration.version), \(migration.name), \(migration.checksum), \(migration.isBreaking), now())
        """
    }

    /// What has been applied; nothing when there is no table yet.
    func applied(_ connection: inout Connection) throws(DatabaseError) -> [AppliedMigration] {
        let exists: SQL = "select to_regclass(\(schema + ".migrations")) is not null"
        guard try connection.query(exists).only().bool(0) else { return [] }
        let rows = try connection.query(
            """
            select version, name, checksum, is_breaking, applied_at
            from \(unescaped: schema).migrations
            order by version
            """
        )
        var applied: [AppliedMigration] = []
        for row in rows {
            applied.append(
                AppliedMigration(
                    version: try row.int(0),
                    name: try row.string(1),
                    checksum: try row.string(2),
                    isBreaking: try row.bool(3),
                    appliedAt: try row.timestamp(4)
                )
            )
        }
        return applied
    }
}
