import ArgumentParser
import DurableCore
import DurableServer
import DurableWire

/// The command `durable tasks`.
struct Tasks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the tasks that workers have announced.",
        discussion: """
              durable tasks
            """
    )

    @Flag(help: "Print JSON, one task a line.")
    var json = false

    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        let tasks = try await DatabaseAccess.with(try databaseSettings(given(database, logging))) { service in
            try await service.stores.storage.tasks().sorted { $0.id.rawValue < $1.id.rawValue }
        }
        var table = Table(["TASK", "TIMEOUT", "RETRIES", "DELAY BEFORE RUN"])
        for task in tasks {
            let options = task.options
            if json {
                printJSON([
                    .init("taskId", .string(task.id.rawValue)), .init("timeoutMs", .number(options.timeoutMs)),
                    .init("sleepMsBeforeRun", .number(options.sleepMsBeforeRun)),
                    .init("retryOptions", options.retryOptions.json),
                ])
            } else {
                table.add([
                    "\(task.id)", "\(options.timeoutMs) ms", "\(options.retryOptions.maxAttempts)",
                    String(decoding: JSON.number(options.sleepMsBeforeRun).encode(), as: UTF8.self) + " ms",
                ])
            }
        }
        if !json { print(table.text) }
    }
}
