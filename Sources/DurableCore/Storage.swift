/// Where executions live: the verbs that front ends and workers say, and nothing else.
///
/// A storage compares and writes; what to write is decided by ``ExecutionStateMachine``. Every verb is atomic. Verbs on
/// the hot path take many at once. Time is the storage's own: callers hand in durations. `InMemoryStorage` is the
/// specification in runnable form; the conformance suite holds every other storage to it.
public protocol Storage: Sendable {
    // MARK: Producers

    /// Stores new executions, all or none, and answers with one result for each, in order.
    ///
    /// What was enqueued is a root; sequences and loops are stored with their first member.
    ///
    /// - Throws: ``StorageError/idempotencyConflict(index:)`` when a key belongs to an execution with another input,
    ///   ``StorageError/sleeperConflict(index:)`` when a sleeper of that name exists.
    func insert(_ executions: [NewExecution]) async throws(StorageError) -> [Insertion]

    /// The same, with what everybody is to be told of it.
    ///
    /// - Parameter signals: Those that the storage sends itself, sooner than its caller could, it takes out.
    func insert(
        _ executions: [NewExecution],
        announcing signals: inout Set<Signal>
    ) async throws(StorageError) -> [Insertion]

    /// Looks up executions; ids that are not known are absent from the answer.
    func executions(_ ids: [ExecutionID]) async throws(StorageError) -> [ExecutionID: Execution]

    /// Those of these executions that nobody need wait for any more, at most so many: finished ones as they are, and `nil`
    /// for ones that are not known.
    func settled(among ids: [ExecutionID], limit: Int) async throws(StorageError) -> [ExecutionID: Execution?]

    /// The executions that match, newest first, at most `query.limit`.
    func list(_ query: ExecutionQuery) async throws(StorageError) -> [Execution]

    /// Cancels executions; finished ones stay as they are. Answers with those that this call cancelled.
    ///
    /// Their descendants follow with ``advance(limit:)``.
    func cancel(_ ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID>

    /// Wakes a sleeper up, or keeps the wake-up for one that does not exist yet.
    func wake(_ wakeUp: WakeUp) async throws(StorageError) -> WakeUpResult

    /// Has an execution run again that has finished without completing. Its history is kept.
    func retry(_ id: ExecutionID) async throws(StorageError) -> RetryResult

    /// The attempts made at an execution, in order, the one under way included.
    func attempts(of id: ExecutionID) async throws(StorageError) -> [AttemptRecord]

    // MARK: Tasks

    /// Makes task definitions known to everyone; the latest registration of an id wins.
    ///
    /// - Returns: The ids whose definition differed from the one that was there.
    func register(_ tasks: [TaskDefinition]) async throws(StorageError) -> Set<TaskID>

    /// The definitions of every task that was ever registered.
    func tasks() async throws(StorageError) -> [TaskDefinition]

    // MARK: Workers

    /// Announces a worker, or its other tasks; its leases hold as long as it renews within `leaseMs`.
    func register(_ worker: WorkerRegistration) async throws(StorageError)

    /// How many workers are alive that lease executions of that task.
    func workers(serving task: TaskID) async throws(StorageError) -> Int

    /// Keeps a worker and with it all its leases alive, and tells which of the leases it believes to hold are gone.
    ///
    /// - Returns: `nil` when the worker was declared dead: then it holds nothing any more and has to register anew.
    func renew(_ worker: WorkerID, holding leases: [LeaseID]) async throws(StorageError) -> Renewal?

    /// Ends a worker's registration; leases that it still holds become reclaimable at once.
    func retire(_ worker: WorkerID) async throws(StorageError)

    /// Leases executions that are due: no more than asked for, only tasks that are asked for, each to one worker only.
    ///
    /// Higher priorities first, then the oldest of each task. Where many tasks of one priority have more than enough, each
    /// gets a share. A worker that was declared dead leases nothing.
    func lease(_ request: LeaseRequest) async throws(StorageError) -> LeaseBatch

    /// Gives back what is leased to a worker besides the leases named: the answer to its request was lost on the way.
    ///
    /// To be called only while no request of the worker is under way. Nothing is used up.
    func giveBack(leasedTo worker: WorkerID, besides leases: [LeaseID]) async throws(StorageError)

    /// Records what came of attempts, and stores the children that they bring.
    ///
    /// A child that cannot be stored, because a sleeper of its name exists, fails its parent and leaves nothing behind.
    ///
    /// - Returns: The leases that were still held. Of the others nothing was written.
    func settle(_ settlements: [Settlement]) async throws(StorageError) -> Set<LeaseID>

    /// Settles attempts and leases the next executions at once: what a busy worker says over and over.
    ///
    /// A call that fails may have done both; settling again then finds the leases no longer held.
    ///
    /// - Parameter signals: What everybody is to be told of it; those that the storage sends itself it takes out.
    func settle(
        _ settlements: [Settlement],
        leasing request: LeaseRequest,
        announcing signals: inout Set<Signal>
    ) async throws(StorageError) -> Exchange

    // MARK: Upkeep: idempotent, bounded, safe to run on every node at once

    /// Declares workers dead that did not renew in time, and takes back up to `limit` leases that have no live worker.
    ///
    func reclaim(limit: Int, maxLeaseLosses: Int) async throws(StorageError) -> Progress

    /// Tells parents of children that have ended, and has the descendants follow executions that ended without
    /// completing, up to `limit` of each.
    func advance(limit: Int) async throws(StorageError) -> Progress

    /// Ends up to `limit` executions whose deadline has passed.
    func expire(limit: Int) async throws(StorageError) -> Progress

    /// Applies up to `limit` requests that were left in the storage for whoever comes by: SQL functions leave them.
    func applyRequests(limit: Int) async throws(StorageError) -> Progress

    /// Deletes executions that finished longer ago than `ageMs`, looking at up to `limit` ids from `cursor` on.
    ///
    /// - Returns: How many were deleted, and where to go on; no cursor when the end was reached.
    func prune(finishedForMs ageMs: Double, from cursor: ExecutionID?, limit: Int) async throws(StorageError) -> Pruning
}

extension Storage {
    /// Inserts, and leaves the telling to the caller.
    public func insert(
        _ executions: [NewExecution],
        announcing signals: inout Set<Signal>
    ) async throws(StorageError) -> [Insertion] {
        try await insert(executions)
    }

    /// Settles, then leases, and leaves the telling to the caller.
    public func settle(
        _ settlements: [Settlement],
        leasing request: LeaseRequest,
        announcing signals: inout Set<Signal>
    ) async throws(StorageError) -> Exchange {
        let held = try await settle(settlements)
        return Exchange(held: held, batch: try await lease(request))
    }
}
