import ArgumentParser
import DurableServer

/// The command `durable worker`.
struct Worker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a worker: call the procedures of the tasks that are due.",
        discussion: """
            Run as many as you like; each leases only tasks of its own tasks file. When one dies, its executions run \
            elsewhere after --lease-seconds.

              durable worker --tasks tasks.yaml --concurrency 200 --health-port 8081

            SIGTERM: leases nothing more, lets attempts end for --drain-seconds, gives back the rest, exits with 0.
            """
    )

    @OptionGroup(title: "Working") var worker: WorkerOptions
    @OptionGroup(title: "Tasks") var tasks: TasksOptions
    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Database") var migrate: MigrateOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        try await runServer(.worker, flags: given(worker, tasks, database, migrate, logging))
    }
}
