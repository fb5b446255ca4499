import ArgumentParser
import DurableCore

/// The execution that a verb is about.
struct ExecutionArgument: ParsableArguments {
    @Argument(help: "The id of the execution.")
    var id: String

    @Option(help: ArgumentHelp("The id of its task.", valueName: "task"))
    var task: String?

    @Flag(help: "Print JSON, as a front end answers it.")
    var json = false

    var taskID: TaskID? { task.map { TaskID($0) } }
}
