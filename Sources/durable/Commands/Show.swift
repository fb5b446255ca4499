import ArgumentParser

/// The command `durable show`.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show an execution: why it is where it is, its attempts, what is below it, input and output.",
        discussion: """
            Asks the front end at --url, which has to be told the task as well, or else the database.

              durable show te_0192f3a0c1d27e3f8a4b5c6d7e8f9a0b
              durable show te_0192f3a0c1d27e3f8a4b5c6d7e8f9a0b --json | jq .execution.output
            """
    )

    @OptionGroup var execution: ExecutionArgument
    @OptionGroup var service: ServiceOptions

    func run() async throws {
        let inspection = try await service.ask { try await $0.inspect(execution.id, task: execution.taskID) }
        try InspectionText(inspection: inspection).print(asJSON: execution.json)
    }
}
