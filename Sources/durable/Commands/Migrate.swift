import ArgumentParser
import DurableCore
import DurablePostgres
import DurableServer
import DurableWire

/// The command `durable migrate`.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the database's schema up to date, or show how far it is.",
        discussion: """
            Applies what is missing, in order, under a lock: any number may do this at once, and doing it again changes \
            nothing. With --status nothing is changed; the exit status is then 1 when something is missing or wrong.

            A pooler in transaction mode (--pooled) may stand between, since each migration and its lock are one \
            transaction; give --direct-database-url where the pooler does not let a transaction run for minutes.

              durable migrate
              durable migrate --status
            """
    )

    @Flag(help: "Show every migration and how it stands.")
    var status = false

    @Flag(help: "Print JSON, one object a line.")
    var json = false

    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        try await DatabaseAccess.with(try databaseSettings(given(database, logging))) { service in
            if status {
                try await show(service.stores.migrator.status())
                try await service.stores.migrator.check()
            } else {
                show(applied: try await service.stores.migrate())
            }
        }
    }

    private func show(applied names: [String]) {
        if json {
            for name in names { printJSON([.init("migration", .string(name))]) }
        } else {
            print(names.isEmpty ? "The schema is up to date." : "Applied \(names.joined(separator: ", ")).")
        }
    }

    private func show(_ migrations: [MigrationStatus]) {
        var table = Table(["MIGRATION", "STATE", "APPLIED"])
        for migration in migrations {
            let appliedAt = migration.appliedAt.map { Timestamp(microseconds: $0).description }
            if json {
                printJSON([
                    .init("migration", .string(migration.name)), .init("state", .string(migration.state.rawValue)),
                    .init("appliedAt", appliedAt.map(JSON.string) ?? .null),
                ])
            } else {
                table.add([migration.name, migration.state.rawValue, appliedAt ?? ""])
            }
        }
        if !json { print(table.text) }
    }
}
