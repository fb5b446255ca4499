import ArgumentParser
import DurableServer

/// The command `durable start`.
struct Start: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a front end and a worker in one process.",
        discussion: """
            Brings the schema up to date first, unless --no-migrate.

              durable start --tokens tokens.txt
              durable start --open
            """
    )

    @OptionGroup(title: "Listening") var listen: ListenOptions
    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Working") var worker: WorkerOptions
    @OptionGroup(title: "Tasks") var tasks: TasksOptions
    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Database") var migrate: MigrateOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        try await runServer(.start, flags: given(listen, access, worker, tasks, database, migrate, logging))
    }
}
