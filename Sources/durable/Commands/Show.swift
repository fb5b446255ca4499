import ArgumentParser
import DurableCore
import DurableServer

/// The command `durable show`.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show an execution: its status, times, error, input and output.",
        discussion: """
            Asks the front end at --url, which has to be told the task as well, or else the database.

              durable show te_0192f3a0c1d27e3f8a4b5c6d7e8f9a0b
              durable show te_0192f3a0c1d27e3f8a4b5c6d7e8f9a0b --json | jq .output
            """
    )

    @Argument(help: "The id of the execution.")
    var id: String

    @Option(help: ArgumentHelp("The id of its task.", valueName: "task"))
    var task: String?

    @Flag(help: "Print JSON, as a front end answers it.")
    var json = false

    @OptionGroup(title: "Front end") var remote: RemoteOptions
    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        let record = try await withService(given(remote, database, logging)) { service in
            try await service.record(of: id, task: task.map { TaskID($0) })
        }
        try record.print(asJSON: json)
    }
}
