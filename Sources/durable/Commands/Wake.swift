import ArgumentParser
import DurableCore
import DurableServer

/// The command `durable wake`.
struct Wake: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wake a sleeping execution up.",
        discussion: """
            Asks the front end at --url, or else the database. Prints the execution as it then is; one that has finished \
            stays as it is. A wake-up for a sleeper that does not exist yet is kept for a while.

              durable wake payment order-17 --output '{"paid": true}'
              durable wake payment order-17 --failed 'The card was declined'
            """
    )

    @Argument(help: "The id of the task.")
    var task: String

    @Argument(help: "The name that the execution is woken up by: its input.")
    var uniqueID: String

    @Option(
        help: ArgumentHelp(
            "The output that it completes with; \"-\" reads it from standard input. Without it there is no output.",
            valueName: "json"
        )
    )
    var output: String?

    @Option(help: ArgumentHelp("Fail it instead, and why.", valueName: "message"))
    var failed: String?

    @Option(.wakeUpRetentionSeconds, "With a database: \(ListenOptions.wakeUpRetentionHelp)", value: "seconds")
    var wakeUpRetentionSeconds: String?

    @Flag(help: "Print JSON, as a front end answers it.")
    var json = false

    @OptionGroup var service: ServiceOptions

    func validate() throws {
        guard output == nil || failed == nil else { throw ValidationError("Give --output or --failed, not both.") }
    }

    func run() async throws {
        let result: WakeUp.Result =
            if let failed {
                .failed(.nonRetryable(failed))
            } else {
                .completed(try output.map { try Payload(argument: $0, naming: "output") } ?? .undefined)
            }
        let flags = wakeUpRetentionSeconds.map { [Setting.wakeUpRetentionSeconds: $0] } ?? [:]
        let record = try await service.ask(flags) { try await $0.wake(uniqueID, of: TaskID(task), with: result) }
        if let record { return try RecordText(record: record).print(asJSON: json) }
        print(json ? "null" : "There is no sleeper of that name yet. It wakes up at once when it comes soon enough.")
    }
}
