import ArgumentParser
import DurableCore
import DurableServer
import EmbeddedPostgres
import Logging

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The command `durable dev`.
struct Dev: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run everything on this machine, for development.",
        discussion: """
            A front end without tokens on loopback, a worker, and, unless DATABASE_URL is given, a PostgreSQL of its own: \
            made in a data folder from the installed PostgreSQL, stopped when this ends. The data stay for the next time.

              durable dev
              durable dev --tasks my-tasks.yaml --port 9000
            """
    )

    @Option(.dataDir, "The folder of the PostgreSQL; default: .durable/postgres", value: "folder")
    var dataDir: String?

    @OptionGroup(title: "Listening") var listen: ListenOptions
    @OptionGroup(title: "Working") var worker: WorkerOptions
    @OptionGroup(title: "Tasks") var tasks: TasksOptions
    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Database") var migrate: MigrateOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        var flags = given(listen, worker, tasks, database, migrate, logging)
        flags[.dataDir] = dataDir
        let (settings, reader) = try serverSettings(.dev, flags: flags)
        let logger = Logger(label: "durable")
        if settings.database.url != nil {
            return try await serve(settings, environment: reader.environment, logger: logger)
        }
        let folder = reader.text(.dataDir) ?? ".durable/postgres"
        try await PostgresCluster(dataFolder: folder, logger: logger).withServer { server in
            var settings = settings
            settings.database.url = server.databaseURL
            try await serve(settings, environment: reader.environment, logger: logger)
        }
    }

    private func serve(_ settings: ServerSettings, environment: [String: String], logger: Logger) async throws {
        let task = try settings.tasks(environment: environment).definitions.first?.id
        try await DurableServer(
            settings,
            logger: logger,
            onListening: { port in
                let host = settings.frontEnd?.host ?? "127.0.0.1"
                let url = "http://\(host):\(port)\(settings.frontEnd?.rpcPrefix ?? "/rpc")"
                print("Your app's RPC link: \(url)")
                print("Try it: durable enqueue \(task.map(\.rawValue) ?? "TASK") '{}' --wait --url \(url)")
                print("Stop: Ctrl-C. After a change of the tasks file: kill -HUP \(getpid())")
                fflush(nil)
            }
        ).run()
    }
}
