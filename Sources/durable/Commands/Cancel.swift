import ArgumentParser

/// The command `durable cancel`.
struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cancel an execution; one that has finished stays as it is.",
        discussion: """
            Asks the front end at --url, which has to be told the task as well, or else the database. A running attempt \
            is aborted, and what the execution has brought about below it is cancelled with it. Prints the execution as \
            it then is.

              durable cancel te_0192f3a0c1d27e3f8a4b5c6d7e8f9a0b
            """
    )

    @OptionGroup var execution: ExecutionArgument
    @OptionGroup var service: ServiceOptions

    func run() async throws {
        let record = try await service.ask { try await $0.cancel(execution.id, task: execution.taskID) }
        try RecordText(record: record).print(asJSON: execution.json)
    }
}
