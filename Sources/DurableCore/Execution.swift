/// Where an execution stands.
public enum ExecutionStatus: String, Sendable, Hashable, CaseIterable {
    /// Waits to be leased, perhaps until a later time.
    case ready
    /// A worker holds its lease and makes an attempt.
    case running
    /// Finished with an output.
    case completed
    /// Finished with an error.
    case failed
    /// Finished because its last attempt took longer than `timeoutMs`.
    case timedOut = "timed_out"
    /// Finished because somebody asked for it.
    case cancelled

    public var isFinished: Bool {
        switch self {
        case .ready, .running: false
        case .completed, .failed, .timedOut, .cancelled: true
        }
    }
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
    public var options: TaskOptions
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

    public init(
        id: ExecutionID,
        taskID: TaskID,
        options: TaskOptions,
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
        finishedAt: Timestamp? = nil
    ) {
        self.id = id
        self.taskID = taskID
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
    }

    /// When the running attempt times out; absent unless running.
    public var expiresAt: Timestamp? {
        guard status == .running, let startedAt else { return nil }
        return startedAt.adding(milliseconds: Double(options.timeoutMs))
    }
}
