/// Where executions live: the verbs that front ends and workers say, and nothing else.
///
/// A storage compares and writes; what to write is decided by ``ExecutionStateMachine``. Every verb is atomic. Verbs on
/// the hot path take many at once. Time is the storage's own: callers hand in durations. `InMemoryStorage` is the
/// specification in runnable form; the conformance suite holds every other storage to it.
public protocol Storage: Sendable {
    // MARK: Producers

    /// Stores new executions, all or none, and answers with one result for each, in order.
    ///
    /// - Throws: ``StorageError/idempotencyConflict(index:)`` when a key belongs to an execution with another input.
    func insert(_ executions: [NewExecution]) async throws(StorageError) -> [Insertion]

    /// Looks up executions; ids that are not known are absent from the answer.
    func executions(_ ids: [ExecutionID]) async throws(StorageError) -> [ExecutionID: Execution]

    /// Which of these executions are finished or not known any more: the narrow look-up behind waiting.
    func settled(among ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID>

    /// The executions that match, newest first, at most `query.limit`.
    func list(_ query: ExecutionQuery) async throws(StorageError) -> [Execution]

    /// Cancels executions; finished ones stay as they are. Answers with those that this call cancelled.
    func cancel(_ ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID>

    // MARK: Tasks

    /// Makes task definitions known to everyone; the latest registration of an id wins.
    ///
    /// - Returns: The ids whose definition differed from the one that was there.
    func register(_ tasks: [TaskDefinition]) async throws(StorageError) -> Set<TaskID>

    /// The definitions of every task that was ever registered.
    func tasks() async throws(StorageError) -> [TaskDefinition]

    // MARK: Workers

    /// Announces a worker; its leases hold as long as it renews within `leaseMs`.
    func register(_ worker: WorkerRegistration) async throws(StorageError)

    /// Keeps a worker and with it all its leases alive, and tells which of the leases it believes to hold are gone.
    ///
    /// - Returns: `nil` when the worker was declared dead: then it holds nothing any more and has to register anew.
    func renew(_ worker: WorkerID, holding leases: [LeaseID]) async throws(StorageError) -> Renewal?

    /// Ends a worker's registration; leases that it still holds become reclaimable at once.
    func retire(_ worker: WorkerID) async throws(StorageError)

    /// Leases executions that are due, oldest first: no more than asked for, only tasks that are asked for, each to one
    /// worker only. A worker that was declared dead leases nothing.
    func lease(_ request: LeaseRequest) async throws(StorageError) -> LeaseBatch

    /// Records what came of attempts.
    ///
    /// - Returns: The leases that were still held. Of the others nothing was written.
    func settle(_ settlements: [Settlement]) async throws(StorageError) -> Set<LeaseID>

    // MARK: Upkeep: idempotent, bounded, safe to run on every node at once

    /// Declares workers dead that did not renew in time, and takes back up to `limit` leases that have no live worker.
    ///
    /// - Returns: How many leases were taken back. Fewer than `limit` means that none is left for now.
    func reclaim(limit: Int, maxLeaseLosses: Int) async throws(StorageError) -> Int

    /// Deletes executions that finished longer ago than `ageMs`, looking at up to `limit` ids from `cursor` on.
    ///
    /// - Returns: How many were deleted, and where to go on; no cursor when the end was reached.
    func prune(finishedForMs ageMs: Double, from cursor: ExecutionID?, limit: Int) async throws(StorageError) -> Pruning
}

/// An execution to be stored.
///
/// Its options have been checked and merged with the task's.
public struct NewExecution: Sendable, Hashable {
    public var taskID: TaskID
    public var input: Payload
    public var options: TaskOptions
    public var idempotencyKey: String?
    public var trace: TraceContext?

    public init(
        taskID: TaskID,
        input: Payload,
        options: TaskOptions,
        idempotencyKey: String? = nil,
        trace: TraceContext? = nil
    ) {
        self.taskID = taskID
        self.input = input
        self.options = options
        self.idempotencyKey = idempotencyKey
        self.trace = trace
    }
}

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

/// A worker as it announces itself.
public struct WorkerRegistration: Sendable, Hashable {
    public var id: WorkerID
    /// What people know it by: host name and process id.
    public var name: String
    /// How long its leases outlive its last renewal, in milliseconds.
    public var leaseMs: Int

    public init(id: WorkerID, name: String, leaseMs: Int) {
        self.id = id
        self.name = name
        self.leaseMs = leaseMs
    }
}

/// What a worker learns when it renews.
public struct Renewal: Sendable, Hashable {
    /// Of the leases it believed to hold, those that were cancelled, settled or taken back.
    public var lost: Set<LeaseID>

    public init(lost: Set<LeaseID>) { self.lost = lost }
}

/// A worker's request for work.
public struct LeaseRequest: Sendable, Hashable {
    public var worker: WorkerID
    public var tasks: [TaskID]
    public var limit: Int

    public init(worker: WorkerID, tasks: [TaskID], limit: Int) {
        self.worker = worker
        self.tasks = tasks
        self.limit = limit
    }
}

/// What a worker gets.
public struct LeaseBatch: Sendable, Hashable {
    public var leases: [Lease]
    /// When fewer were due than asked for: milliseconds until the next execution of these tasks is due, if there is one.
    public var nextDueMs: Double?

    public init(leases: [Lease], nextDueMs: Double?) {
        self.leases = leases
        self.nextDueMs = nextDueMs
    }
}

/// What one bounded pass of pruning did.
public struct Pruning: Sendable, Hashable {
    public var deleted: Int
    public var next: ExecutionID?

    public init(deleted: Int, next: ExecutionID?) {
        self.deleted = deleted
        self.next = next
    }
}

/// Why a storage could not do what it was asked.
public enum StorageError: Error, Sendable, Hashable {
    /// Not reachable, overloaded or restarting: the same call may succeed soon. `reason` is for logs, free of data.
    case unavailable(reason: String)
    /// The schema is not the one this program needs; `reason` says what to do.
    case schemaMismatch(reason: String)
    /// The idempotency key of the new execution at `index` belongs to an execution with another input.
    case idempotencyConflict(index: Int)
    /// The storage refused or garbled something it should not have: a bug. `reason` is for logs, free of data.
    case rejected(reason: String)

    /// Whether the same call may succeed later.
    public var isTransient: Bool {
        if case .unavailable = self { true } else { false }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let reason): "The storage is not available: \(reason)"
        case .schemaMismatch(let reason): reason
        case .idempotencyConflict(let index): "The idempotency key of execution \(index) is taken by another input"
        case .rejected(let reason): "The storage refused the operation: \(reason)"
        }
    }
}
