import DurableCore
import DurableInvoker
import DurableWorker
import Logging

/// The tasks of a process: its own, written in Swift, and those of the tasks file as it is at the time.
struct ServedTasks: Sendable {
    let settings: ServerSettings
    let environment: [String: String]
    let own: [RegisteredTask]

    /// What refuses inputs of the process's own tasks before an execution is stored.
    var checks: [TaskID: InputCheck] {
        own.reduce(into: [:]) { $0[$1.definition.id] = $1.check }
    }

    /// Reads the tasks file.
    func file() throws(ConfigurationError) -> TasksFile {
        let problems = settings.tasksProblems(environment: environment, ownTasks: own.map(\.definition))
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        return try settings.tasks(environment: environment, ownTasks: own.map(\.definition))
    }

    /// What is known of all tasks.
    func definitions(with file: TasksFile) -> [TaskDefinition] {
        own.map(\.definition) + file.definitions
    }

    /// All tasks with what makes their attempts.
    func registered(with file: TasksFile, calling client: ProcedureClient) throws -> [RegisteredTask] {
        try own + file.registered(calling: client)
    }

    /// Reads the tasks file again and has everybody go by it; a bad one is refused as a whole.
    func reload(
        _ catalog: TaskCatalog,
        _ worker: Worker?,
        calling client: ProcedureClient,
        logger: Logger
    ) async {
        do {
            let file = try file()
            worker?.replaceTasks(try registered(with: file, calling: client))
            await catalog.replaceOwn(definitions(with: file))
            logger.notice("Read the tasks file again", metadata: ["tasks": "\(file.tasks.count)"])
        } catch let error as ConfigurationError {
            for problem in error.problems {
                logger.error("The tasks file is refused", metadata: ["problem": "\(problem)"])
            }
        } catch {
            logger.error("The tasks file is refused", metadata: ["problem": "\(error)"])
        }
    }
}
