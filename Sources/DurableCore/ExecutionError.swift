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
