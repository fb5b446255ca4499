public import DurableCore
public import Logging

/// What a task knows about the attempt that it makes.
public struct RunContext: Sendable {
    /// The task that is run.
    public let taskID: TaskID
    /// The same for every attempt of an execution: what to recognize work by that was done before.
    public let executionID: ExecutionID
    /// The execution that somebody enqueued, of which this one descends; `nil` for such a one itself.
    public let root: ExecutionReference?
    /// The execution that brought this one; `nil` for one that somebody enqueued.
    public let parent: ExecutionReference?
    /// 0 for the first try, 1 for the first retry: how many retries have been used up.
    public let attempt: Int
    /// The fence, from 1: grows with every lease, also with those that cost no retry.
    ///
    /// Of two attempts that a lost worker has overlap, the one with the larger number is in the right.
    public let leaseAttempt: Int
    /// What ended the attempt before this one.
    public let previousError: ExecutionError?
    /// Tells when the executor begins to shut down; the attempt then has the drain time to end by itself.
    public let shutdown: ShutdownSignal
    /// The executor's logger; every line names the task, the execution and the attempt.
    public let logger: Logger

    /// Whether the attempt is over for the executor: it took too long, was cancelled, or its lease is gone.
    ///
    /// What the task still returns is ignored. The same as `Task.isCancelled`.
    public var isCancelled: Bool { Task.isCancelled }

    init(_ attempt: Attempt, logger: Logger) {
        let lease = attempt.lease
        taskID = lease.taskID
        executionID = lease.executionID
        root = lease.family?.root
        parent = lease.family?.parent
        self.attempt = lease.retryAttempts
        leaseAttempt = lease.id.attempt
        previousError = lease.previousError
        shutdown = attempt.shutdown
        var logger = logger
        logger[metadataKey: "task"] = "\(lease.taskID)"
        logger[metadataKey: "execution"] = "\(lease.executionID)"
        logger[metadataKey: "attempt"] = "\(lease.id.attempt)"
        self.logger = logger
    }
}
