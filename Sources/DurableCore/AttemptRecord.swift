/// One attempt at an execution, as its history tells it.
public struct AttemptRecord: Sendable, Hashable {
    /// How an attempt ended.
    public enum End: String, Sendable, Hashable, CaseIterable {
        /// It is being made.
        case running
        case completed
        /// It ended well, with children.
        case spawned
        /// It failed, and was tried again.
        case retried
        case failed
        case timedOut = "timed_out"
        case cancelled
        /// Its worker was lost.
        case lost
        /// Its worker shut down and gave it back.
        case released
    }

    /// The number of its lease, from 1.
    public var attempt: Int
    public var workerID: WorkerID?
    /// What people know the worker by.
    public var workerName: String?
    public var startedAt: Timestamp
    public var endedAt: Timestamp?
    public var end: End
    public var error: ExecutionError?

    public init(
        attempt: Int,
        workerID: WorkerID?,
        workerName: String?,
        startedAt: Timestamp,
        endedAt: Timestamp?,
        end: End,
        error: ExecutionError?
    ) {
        self.attempt = attempt
        self.workerID = workerID
        self.workerName = workerName
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.end = end
        self.error = error
    }
}

extension AttemptRecord {
    /// The attempt that an execution's own row tells of: the one under way, or the last; `nil` when there is none, or the
    /// history tells of it.
    public init?(lastOf execution: Execution, workerName: String?) {
        guard execution.kind.isLeased, execution.attempt > 0, let startedAt = execution.startedAt else { return nil }
        let end: End
        var endedAt = execution.finishedAt
        switch (execution.status, execution.waitingForChildrenAt) {
        case (.running, nil): end = .running
        case (_, let waitingAt?):
            end = .spawned
            endedAt = waitingAt
        case (.completed, nil): end = .completed
        case (.timedOut, nil): end = .timedOut
        case (.cancelled, nil): end = .cancelled
        case (.ready, nil), (.failed, nil), (.finalizeFailed, nil), (.waitingForChildren, nil),
            (.waitingForFinalize, nil):
            end = .failed
        }
        self.init(
            attempt: execution.attempt,
            workerID: execution.workerID,
            workerName: workerName,
            startedAt: startedAt,
            endedAt: endedAt,
            end: end,
            // While it runs, the error is that of the attempt before.
            error: end == .spawned || end == .running ? nil : execution.error
        )
    }
}

extension AttemptRecord.End {
    /// How an attempt ended after which the execution was made ready again.
    public init(_ cost: ExecutionStateMachine.Cost) {
        switch cost {
        case .nothing: self = .released
        case .retry: self = .retried
        case .leaseLoss: self = .lost
        }
    }
}

extension ExecutionStateMachine.Ending {
    /// The failure of a parent whose child cannot be stored, because a sleeper of its name exists.
    public static func refusing(_ child: NewExecution, index: Int) -> ExecutionStateMachine.Ending {
        .failed(.childRefused(child.taskID, index: index, StorageError.sleeperNameTaken))
    }
}

extension StorageError {
    /// What is said of a sleeper that cannot be, to whoever asked for it.
    public static let sleeperNameTaken = "The unique id is taken by another sleeping task execution"
}
