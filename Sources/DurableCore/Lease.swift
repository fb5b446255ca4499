/// The fence: which attempt of which execution.
///
/// The attempt number only grows, with every lease of the execution. Whoever writes a result names the lease it was
/// obtained under, and nothing is written unless that lease is still the current one.
public struct LeaseID: Sendable, Hashable {
    public let executionID: ExecutionID
    public let attempt: Int

    public init(executionID: ExecutionID, attempt: Int) {
        self.executionID = executionID
        self.attempt = attempt
    }
}

/// The right to make one attempt, and what the attempt needs to know.
public struct Lease: Sendable, Hashable {
    public let id: LeaseID
    public let taskID: TaskID
    public let kind: TaskKind
    /// Where the execution belongs; `nil` for one that somebody enqueued.
    public let family: Family?
    public let input: Payload
    public let options: TaskOptions
    /// 0 for the first try: how many retries had been used up when the lease was taken.
    public let retryAttempts: Int
    /// How many earlier leases of the execution were lost with their worker.
    public let leaseLosses: Int
    /// What ended the attempt before this one.
    public let previousError: ExecutionError?
    public let trace: TraceContext?
    /// When the attempt began, by the storage's clock.
    public let startedAt: Timestamp

    public init(
        id: LeaseID,
        taskID: TaskID,
        kind: TaskKind = .single,
        family: Family? = nil,
        input: Payload,
        options: TaskOptions,
        retryAttempts: Int,
        leaseLosses: Int,
        previousError: ExecutionError?,
        trace: TraceContext?,
        startedAt: Timestamp
    ) {
        self.id = id
        self.taskID = taskID
        self.kind = kind
        self.family = family
        self.input = input
        self.options = options
        self.retryAttempts = retryAttempts
        self.leaseLosses = leaseLosses
        self.previousError = previousError
        self.trace = trace
        self.startedAt = startedAt
    }

    public var executionID: ExecutionID { id.executionID }

    /// When the attempt times out, by the storage's clock.
    public var deadline: Timestamp { startedAt.adding(milliseconds: Double(options.timeoutMs)) }
}

/// What came of an attempt.
public enum Outcome: Sendable, Hashable {
    case completed(Payload)
    /// The attempt ended well and brings children, which run before the execution completes.
    case spawned(Payload, children: [ChildRequest])
    /// - Parameter retryAfterMs: The least delay before a retry, in milliseconds, that the procedure asked for.
    case failed(ExecutionError, retryAfterMs: Double = 0)
}

/// What is to be recorded of an attempt, under the lease it was made with.
public struct Settlement: Sendable, Hashable {
    public let lease: LeaseID
    public let transition: ExecutionStateMachine.Transition

    public init(lease: LeaseID, transition: ExecutionStateMachine.Transition) {
        self.lease = lease
        self.transition = transition
    }
}
