/// What became of one ``NewExecution``.
public enum Insertion: Sendable, Hashable {
    case inserted(ExecutionID)
    /// The idempotency key was known: nothing was stored, this execution has it.
    case existing(ExecutionID)

    public var executionID: ExecutionID {
        switch self {
        case .inserted(let id), .existing(let id): id
        }
    }
}

/// Which executions to list.
public struct ExecutionQuery: Sendable, Hashable {
    public var taskID: TaskID?
    public var statuses: Set<ExecutionStatus>
    /// Only executions older than this one: the last id of the page before.
    public var before: ExecutionID?
    public var limit: Int

    /// - Parameters:
    ///   - statuses: Empty is any.
    ///   - limit: How many to answer with, at least 1.
    public init(
        taskID: TaskID? = nil,
        statuses: Set<ExecutionStatus> = [],
        before: ExecutionID? = nil,
        limit: Int = 50
    ) {
        self.taskID = taskID
        self.statuses = statuses
        self.before = before
        self.limit = limit
    }
}

/// News for a sleeper.
public struct WakeUp: Sendable, Hashable {
    /// What the sleeper becomes.
    public enum Result: Sendable, Hashable {
        case completed(Payload)
        case failed(ExecutionError)

        public var ending: ExecutionStateMachine.Ending {
            switch self {
            case .completed(let output): .completed(output)
            case .failed(let error): .failed(error)
            }
        }
    }

    public var taskID: TaskID
    /// The sleeper's name, 1 to 255 UTF-16 units.
    public var uniqueID: String
    public var result: Result
    /// How long to keep it, in milliseconds, when the sleeper does not exist yet; 0 does not keep it.
    public var keptForMs: Double

    public init(taskID: TaskID, uniqueID: String, result: Result, keptForMs: Double) {
        self.taskID = taskID
        self.uniqueID = uniqueID
        self.result = result
        self.keptForMs = keptForMs
    }
}

/// What became of a wake-up.
public enum WakeUpResult: Sendable, Hashable {
    /// The sleeper was asleep, and has finished.
    case wokenUp(ExecutionReference)
    /// The sleeper had finished before; nothing changed.
    case wasFinished(ExecutionReference)
    /// There is no such sleeper yet: the wake-up is kept, or one that came before it.
    case kept
    /// There is no such sleeper, and the wake-up is not kept.
    case notFound
    /// The name is that of a sleeper of another task.
    case ofAnotherTask(ExecutionReference)
}

/// What became of a retry by hand.
public enum RetryResult: Sendable, Hashable {
    case retried
    case notFound
    /// It has not finished.
    case isUnfinished(ExecutionStatus)
    case isCompleted
    /// It is a child whose parent has not finished and would be told of its end twice.
    case parentIsUnfinished(ExecutionReference)
}
