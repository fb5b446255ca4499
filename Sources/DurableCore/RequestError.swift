/// Why a request of a client cannot be granted.
///
/// The message is written for the client.
public enum RequestError: Error, Sendable, Hashable {
    case taskNotFound(String)
    case executionNotFound(String)
    case executionOfAnotherTask(ExecutionID, provided: TaskID, actual: TaskID)
    case sleeperNotFound(String)
    case sleeperOfAnotherTask(String, provided: TaskID, actual: TaskID)
    /// Malformed or out of range.
    case invalid(String)
    /// In conflict with what is there already.
    case conflict(String)
    /// Not now; the same request may succeed after a while. The cause is for the log.
    case unavailable(cause: StorageError)
    /// A fault of ours. The cause is for the log.
    case fault(cause: StorageError)

    public var message: String {
        switch self {
        case .taskNotFound(let task): "Task \(task) not found"
        case .executionNotFound(let id): "Task execution not found [executionId=\(id)]"
        case .executionOfAnotherTask(let id, let provided, let actual):
            "Task execution belongs to another task "
                + "[providedTaskId=\(provided)] [taskId=\(actual)] [executionId=\(id)]"
        case .sleeperNotFound(let name): "Sleeping task execution not found [sleepingTaskUniqueId=\(name)]"
        case .sleeperOfAnotherTask(let name, let provided, let actual):
            "Sleeping task execution belongs to another task "
                + "[providedTaskId=\(provided)] [taskId=\(actual)] [sleepingTaskUniqueId=\(name)]"
        case .invalid(let message), .conflict(let message): message
        case .unavailable: "Service Unavailable"
        case .fault: "Internal server error"
        }
    }
}

extension RequestError: CustomStringConvertible {
    public var description: String { message }
}
