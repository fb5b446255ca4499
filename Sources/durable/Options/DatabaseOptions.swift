import ArgumentParser
import DurableServer

/// Where executions are stored.
struct DatabaseOptions: ParsableArguments, SettingOptions {
    @Option(
        .databaseURL,
        "PostgreSQL, as postgresql://user:password@host:port/database; default: libpq's own variables",
        value: "url"
    )
    var databaseURL: String?

    @Option(.schema, "The SQL schema of the tables; default: durable", value: "name")
    var schema: String?

    @Flag(.pooled, "The database is reached through a pooler in transaction mode (pgbouncer)")
    var pooled: Bool?

    @Option(
        .directDatabaseURL,
        "With --pooled: PostgreSQL itself, for migrations and for noticing work sooner",
        value: "url"
    )
    var directDatabaseURL: String?

    var flags: [Setting: String?] {
        [
            .databaseURL: databaseURL, .schema: schema, .pooled: pooled.map { "\($0)" },
            .directDatabaseURL: directDatabaseURL,
        ]
    }
}
