import DurableCore
import DurableTestKit
import Synchronization

/// A storage that tells what a worker says to it, and that can be made to hold a turn up or to fail it.
final class TurnStorage: Storage {
    /// What was asked of it.
    enum Call: Sendable, Hashable {
        case lease(limit: Int)
        case settle(Int)
        case settleAndLease(Int, limit: Int)
        case giveBack
    }

    private struct State {
        var calls: [Call] = []
        var gate: Gate?
        var answers: [Answer] = []
        var refused: ExecutionID?
    }

    /// What becomes of a call that leases or settles.
    enum Answer: Sendable {
        /// It does nothing and fails.
        case lost
        /// It does what it should, and its answer is lost.
        case unheard
    }

    private let base: InMemoryStorage
    private let state = Mutex(State())

    init(_ base: InMemoryStorage) {
        self.base = base
    }

    var calls: [Call] { state.withLock { $0.calls } }

    /// Holds every turn up until the gate opens.
    func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }

    /// What becomes of the next turns.
    func answer(with answers: [Answer]) { state.withLock { $0.answers = answers } }

    /// Refuses to record an output of that execution, and all that come with it.
    func refuse(_ execution: ExecutionID) { state.withLock { $0.refused = execution } }

    private func turn<Value: Sendable>(
        _ call: Call,
        _ settlements: [Settlement] = [],
        _ body: () async throws(StorageError) -> Value
    ) async throws(StorageError) -> Value {
        let (gate, answer, refused) = state.withLock { state in
            state.calls.append(call)
            return (state.gate, state.answers.isEmpty ? nil : state.answers.removeFirst(), state.refused)
        }
        await gate?.pass()
        if settlements.contains(where: { $0.lease.executionID == refused && $0.hasOutput }) {
            throw .rejected(reason: "a bad row")
        }
        if answer == .lost { throw .unavailable(reason: "test") }
        let value = try await body()
        if answer == .unheard { throw .unavailable(reason: "test") }
        return value
    }

    func lease(_ request: LeaseRequest) async throws(StorageError) -> LeaseBatch {
        try await turn(.lease(limit: request.limit)) { () throws(StorageError) in try await base.lease(request) }
    }

    func settle(_ settlements: [Settlement]) async throws(StorageError) -> Set<LeaseID> {
        try await turn(.settle(settlements.count), settlements) { () throws(StorageError) in
            await base.settle(settlements)
        }
    }

    func settle(
        _ settlements: [Settlement],
        leasing request: LeaseRequest,
        announcing signals: inout Set<Signal>
    ) async throws(StorageError) -> Exchange {
        let call = Call.settleAndLease(settlements.count, limit: request.limit)
        return try await turn(call, settlements) { () throws(StorageError) in
            try await base.settle(settlements, leasing: request)
        }
    }

    func giveBack(leasedTo worker: WorkerID, besides leases: [LeaseID]) async throws(StorageError) {
        state.withLock { $0.calls.append(.giveBack) }
        await base.giveBack(leasedTo: worker, besides: leases)
    }

    // MARK: Passed on

    func insert(_ executions: [NewExecution]) async throws(StorageError) -> [Insertion] {
        try await base.insert(executions)
    }

    func executions(_ ids: [ExecutionID]) async throws(StorageError) -> [ExecutionID: Execution] {
        await base.executions(ids)
    }

    func settled(among ids: [ExecutionID], limit: Int) async throws(StorageError) -> [ExecutionID: Execution?] {
        await base.settled(among: ids, limit: limit)
    }

    func list(_ query: ExecutionQuery) async throws(StorageError) -> [Execution] { await base.list(query) }

    func cancel(_ ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID> { try await base.cancel(ids) }

    func wake(_ wakeUp: WakeUp) async throws(StorageError) -> WakeUpResult { try await base.wake(wakeUp) }

    func retry(_ id: ExecutionID) async throws(StorageError) -> RetryResult { try await base.retry(id) }

    func attempts(of id: ExecutionID) async throws(StorageError) -> [AttemptRecord] { await base.attempts(of: id) }

    func register(_ tasks: [TaskDefinition]) async throws(StorageError) -> Set<TaskID> { await base.register(tasks) }

    func tasks() async throws(StorageError) -> [TaskDefinition] { await base.tasks() }

    func register(_ worker: WorkerRegistration) async throws(StorageError) { await base.register(worker) }

    func workers(serving task: TaskID) async throws(StorageError) -> Int { await base.workers(serving: task) }

    func renew(_ worker: WorkerID, holding leases: [LeaseID]) async throws(StorageError) -> Renewal? {
        await base.renew(worker, holding: leases)
    }

    func retire(_ worker: WorkerID) async throws(StorageError) { await base.retire(worker) }

    func reclaim(limit: Int, maxLeaseLosses: Int) async throws(StorageError) -> Progress {
        try await base.reclaim(limit: limit, maxLeaseLosses: maxLeaseLosses)
    }

    func advance(limit: Int) async throws(StorageError) -> Progress { try await base.advance(limit: limit) }

    func expire(limit: Int) async throws(StorageError) -> Progress { try await base.expire(limit: limit) }

    func applyRequests(limit: Int) async throws(StorageError) -> Progress {
        await base.applyRequests(limit: limit)
    }

    func prune(
        finishedForMs ageMs: Double,
        from cursor: ExecutionID?,
        limit: Int
    ) async throws(StorageError) -> Pruning {
        await base.prune(finishedForMs: ageMs, from: cursor, limit: limit)
    }
}

extension Settlement {
    fileprivate var hasOutput: Bool {
        if case .finish(.completed) = transition { true } else { false }
    }
}
