/// Where an execution stands.
public enum ExecutionStatus: String, Sendable, Hashable, CaseIterable {
    /// Waits to be leased, perhaps until a later time.
    case ready
    /// A worker holds its lease and makes an attempt; or it sleeps until it is woken up.
    case running
    /// Its attempt has ended well, and its children have not all ended.
    case waitingForChildren = "waiting_for_children"
    /// Its children have ended, and its finalize execution has not.
    case waitingForFinalize = "waiting_for_finalize"
    /// Finished with an output.
    case completed
    /// Finished with an error.
    case failed
    /// Finished because its last attempt took longer than `timeoutMs`, or it as a whole longer than `expiresInMs`.
    case timedOut = "timed_out"
    /// Finished because its finalize execution, or a member of the sequence or loop that it is, did not complete.
    case finalizeFailed = "finalize_failed"
    /// Finished because somebody asked for it.
    case cancelled

    public var isFinished: Bool {
        switch self {
        case .ready, .running, .waitingForChildren, .waitingForFinalize: false
        case .completed, .failed, .timedOut, .finalizeFailed, .cancelled: true
        }
    }

    /// Whether it waits for other executions.
    public var isWaiting: Bool { self == .waitingForChildren || self == .waitingForFinalize }
}

/// The W3C trace that an execution belongs to, carried from the enqueueing request to the procedure's.
public struct TraceContext: Sendable, Hashable {
    public var traceparent: String
    public var tracestate: String?

    public init(traceparent: String, tracestate: String? = nil) {
        self.traceparent = traceparent
        self.tracestate = tracestate
    }
}

/// One enqueued unit of work, as it stands.
public struct Execution: Sendable, Hashable {
    public var id: ExecutionID
    public var taskID: TaskID
    public var kind: TaskKind
    /// Where it belongs; `nil` for one that somebody enqueued.
    public var family: Family?
    public var options: TaskOptions
    public var priority: Int
    public var input: Payload
    public var status: ExecutionStatus
    /// Present when completed.
    public var output: Payload?
    /// Present when finished otherwise, and while ready or running after a failed attempt.
    public var error: ExecutionError?
    /// How many retries have been used up.
    public var retryAttempts: Int
    /// The number of its latest lease, 0 before the first: the fence.
    public var attempt: Int
    /// How many of its leases ended with the death of their worker.
    public var leaseLosses: Int
    /// The worker that holds or last held its lease.
    public var workerID: WorkerID?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    /// When it may be leased, or might when it last was ready.
    public var startAt: Timestamp
    /// When its latest attempt began; absent while it is ready.
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// When it is timed out unless it has finished; `nil` is never.
    public var deadline: Timestamp?
    public var waitingForChildrenAt: Timestamp?
    public var waitingForFinalizeAt: Timestamp?
    /// Its children in order; empty where executions are listed rather than looked up.
    public var children: [ExecutionReference]
    /// How many of its children have not ended.
    public var activeChildren: Int
    public var finalize: ExecutionReference?

    public init(
        id: ExecutionID,
        taskID: TaskID,
        kind: TaskKind = .single,
        family: Family? = nil,
        options: TaskOptions,
        priority: Int = 0,
        input: Payload,
        status: ExecutionStatus = .ready,
        output: Payload? = nil,
        error: ExecutionError? = nil,
        retryAttempts: Int = 0,
        attempt: Int = 0,
        leaseLosses: Int = 0,
        workerID: WorkerID? = nil,
        createdAt: Timestamp,
        updatedAt: Timestamp,
        startAt: Timestamp,
        startedAt: Timestamp? = nil,
        finishedAt: Timestamp? = nil,
        deadline: Timestamp? = nil,
        waitingForChildrenAt: Timestamp? = nil,
        waitingForFinalizeAt: Timestamp? = nil,
        children: [ExecutionReference] = [],
        activeChildren: Int = 0,
        finalize: ExecutionReference? = nil
    ) {
        self.id = id
        self.taskID = taskID
        self.kind = kind
        self.family = family
        self.priority = priority
        self.options = options
        self.input = input
        self.status = status
        self.output = output
        self.error = error
        self.retryAttempts = retryAttempts
        self.attempt = attempt
        self.leaseLosses = leaseLosses
        self.workerID = workerID
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.startAt = startAt
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.deadline = deadline
        self.waitingForChildrenAt = waitingForChildrenAt
        self.waitingForFinalizeAt = waitingForFinalizeAt
        self.children = children
        self.activeChildren = activeChildren
        self.finalize = finalize
    }

    public var reference: ExecutionReference { ExecutionReference(taskID: taskID, executionID: id) }

    /// The name that a sleeping execution is woken up by.
    public var sleepingUniqueID: String? { kind == .sleeping ? input.text : nil }

    /// When the running attempt times out, or the sleeper; absent unless running.
    public var expiresAt: Timestamp? {
        guard status == .running, let startedAt else { return nil }
        return (kind == .sleeping ? startAt : startedAt).adding(milliseconds: Double(options.timeoutMs))
    }
}
