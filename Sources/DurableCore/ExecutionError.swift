/// What went wrong with an attempt, as the execution's record shows it to clients.
public struct ExecutionError: Error, Sendable, Hashable {
    /// The class of an error, which decides the status that an execution fails with.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case generic
        case notFound = "not_found"
        case timedOut = "timed_out"
        case cancelled
    }

    public var kind: Kind
    public var message: String
    /// Whether another attempt may help.
    public var isRetryable: Bool
    /// Whether the fault lies with the service or the network rather than with what was asked.
    public var isInternal: Bool

    public init(kind: Kind = .generic, message: String, isRetryable: Bool = false, isInternal: Bool = false) {
        self.kind = kind
        self.message = message
        self.isRetryable = isRetryable
        self.isInternal = isInternal
    }

    public static func retryable(_ message: String) -> ExecutionError {
        ExecutionError(message: message, isRetryable: true)
    }

    public static func nonRetryable(_ message: String) -> ExecutionError {
        ExecutionError(message: message)
    }

    public static func notFound(_ message: String) -> ExecutionError {
        ExecutionError(kind: .notFound, message: message)
    }

    public static let timedOut = ExecutionError(
        kind: .timedOut,
        message: "Task execution timed out",
        isRetryable: true
    )

    public static let cancelled = ExecutionError(kind: .cancelled, message: "Task execution cancelled")

    /// What the next attempt is told when the worker of the one before was lost.
    public static let expired = ExecutionError(message: "Task execution expired")

    /// The failure of an attempt whose result the storage refused.
    static let resultRefused = ExecutionError(
        message: "The result of the attempt could not be stored",
        isInternal: true
    )

    static func childNotFound(_ task: TaskID, index: Int) -> ExecutionError {
        .notFound("Child task not found [taskId=\(task)] [index=\(index)]")
    }

    /// The failure of a parent that brought a child which cannot be accepted.
    public static func childRefused(_ task: TaskID, index: Int, _ reason: String) -> ExecutionError {
        .nonRetryable("Child task refused [taskId=\(task)] [index=\(index)]: \(reason)")
    }

    static func tooManyChildren(of task: TaskID, _ attempted: Int, _ maximum: Int) -> ExecutionError {
        .nonRetryable(
            "Parent task tried to spawn more than max children tasks "
                + "[taskId=\(task)] [attempted=\(attempted)] [max=\(maximum)]"
        )
    }

    static func childFailed(_ end: ChildEnd) -> ExecutionError {
        .nonRetryable(
            "Child task failed [taskId=\(end.child.taskID)] [executionId=\(end.child.executionID)] [index=\(end.index)]: "
                + (end.ending.error?.message ?? "Unknown error")
        )
    }

    /// The failure of a sequence at one of its members.
    public static func memberFailed(_ sequence: TaskID, _ index: Int, _ message: String?) -> ExecutionError {
        .nonRetryable(
            "Sequential task failed [parentTaskId=\(sequence)] [index=\(index)]: \(message ?? "Unknown error")"
        )
    }

    /// The failure of a loop at one of its iterations.
    public static func iterationFailed(_ iteration: TaskID, _ message: String?) -> ExecutionError {
        .nonRetryable("Iteration task failed [taskId=\(iteration)]: \(message ?? "Unknown error")")
    }

    static func resultsTooLarge(of task: TaskID, _ size: Int, _ maximum: Int) -> ExecutionError {
        .nonRetryable(
            "The outputs of the children of task \(task) are \(size) bytes of JSON together; "
                + "at most \(maximum) can be handed on"
        )
    }

    /// What a descendant is told of a parent that did not complete.
    public static func parentFailed(_ parent: ExecutionReference, _ error: ExecutionError?) -> ExecutionError {
        ExecutionError(
            kind: .cancelled,
            message: "Parent task failed [parentTaskId=\(parent.taskID)] [parentExecutionId=\(parent.executionID)]: "
                + (error?.message ?? "Unknown error")
        )
    }

    /// The failure of an execution that cost too many workers their lives.
    public static func leaseLostTooOften(_ losses: Int) -> ExecutionError {
        ExecutionError(
            message: "Task execution lost its worker \(losses) times and is not tried again; "
                + "the task may be crashing or stalling its workers",
            isInternal: true
        )
    }
}

extension ExecutionError: CustomStringConvertible {
    public var description: String { message }
}
