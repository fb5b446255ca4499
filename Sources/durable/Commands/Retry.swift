import ArgumentParser

/// The command `durable retry`.
struct Retry: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run an execution again that has finished without completing.",
        discussion: """
            Asks the front end at --url, which has to be told the task as well, or else the database. What was tried is \
            kept in the execution's history, and its retries begin anew. A sequence or a loop goes on at the member that \
            did not complete. Prints the execution as it then is.

              durable retry te_0192f3a0c1d27e3f8a4b5c6d7e8f9a0b
            """
    )

    @OptionGroup var execution: ExecutionArgument
    @OptionGroup var service: ServiceOptions

    func run() async throws {
        let record = try await service.ask { try await $0.retry(execution.id, task: execution.taskID) }
        try RecordText(record: record).print(asJSON: execution.json)
    }
}
