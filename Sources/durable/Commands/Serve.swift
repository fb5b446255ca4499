import ArgumentParser
import DurableServer

/// The command `durable serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a front end: answer enqueueTask, getTaskExecution and the like.",
        discussion: """
            Run as many as you like behind a load balancer. /readyz says whether one can do its work.

              durable serve --tokens tokens.txt --host 0.0.0.0
              DURABLE_TOKEN_APP=enqueue,read:s3cret durable serve
              durable serve --open

            SIGTERM: takes no more connections, answers what is under way, exits with 0.
            """
    )

    @OptionGroup(title: "Listening") var listen: ListenOptions
    @OptionGroup(title: "Access") var access: AccessOptions
    @OptionGroup(title: "Tasks") var tasks: TasksOptions
    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Database") var migrate: MigrateOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        try await runServer(.serve, flags: given(listen, access, tasks, database, migrate, logging))
    }
}
