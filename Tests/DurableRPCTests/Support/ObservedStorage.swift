import DurableCore
import DurableTestKit
import Synchronization

/// A storage that counts what front ends ask of it, and that can be made to fail or to take its time.
final class ObservedStorage: Storage {
    enum Verb: Hashable {
        case insert, executions, settled, cancel, wake, retry, attempts, tasks
    }

    private struct State {
        var calls: [Verb: Int] = [:]
        var failure: StorageError?
        var gate: Gate?
    }

    private let base: InMemoryStorage
    private let state = Mutex(State())

    init(_ base: InMemoryStorage) {
        self.base = base
    }

    /// How often that was asked.
    func calls(_ verb: Verb) -> Int { state.withLock { $0.calls[verb] ?? 0 } }

    /// What everything fails with from now on.
    func fail(with error: StorageError?) { state.withLock { $0.failure = error } }

    /// Holds every call up until the gate opens.
    func hold(at gate: Gate?) { state.withLock { $0.gate = gate } }

    private func enter(_ verb: Verb) async throws(StorageError) {
        let (failure, gate) = state.withLock { state in
            state.calls[verb, default: 0] += 1
            return (state.failure, state.gate)
        }
        await gate?.pass()
        if let failure { throw failure }
    }

    func insert(_ executions: [NewExecution]) async throws(StorageError) -> [Insertion] {
        try await enter(.insert)
        return try await base.insert(executions)
    }

    func executions(_ ids: [ExecutionID]) async throws(StorageError) -> [ExecutionID: Execution] {
        try await enter(.executions)
        return await base.executions(ids)
    }

    func settled(among ids: [ExecutionID], limit: Int) async throws(StorageError) -> [ExecutionID: Execution?] {
        try await enter(.settled)
        return await base.settled(among: ids, limit: limit)
    }

    func cancel(_ ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID> {
        try await enter(.cancel)
        return try await base.cancel(ids)
    }

    func wake(_ wakeUp: WakeUp) async throws(StorageError) -> WakeUpResult {
        try await enter(.wake)
        return try await base.wake(wakeUp)
    }

    func retry(_ id: ExecutionID) async throws(StorageError) -> RetryResult {
        try await enter(.retry)
        return try await base.retry(id)
    }

    func attempts(of id: ExecutionID) async throws(StorageError) -> [AttemptRecord] {
        try await enter(.attempts)
        return await base.attempts(of: id)
    }

    func tasks() async throws(StorageError) -> [TaskDefinition] {
        try await enter(.tasks)
        return await base.tasks()
    }

    func list(_ query: ExecutionQuery) async -> [Execution] { await base.list(query) }
    func register(_ tasks: [TaskDefinition]) async -> Set<TaskID> { await base.register(tasks) }
    func register(_ worker: WorkerRegistration) async { await base.register(worker) }
    func workers(serving task: TaskID) async -> Int { await base.workers(serving: task) }
    func renew(_ worker: WorkerID, holding leases: [LeaseID]) async -> Renewal? {
        await base.renew(worker, holding: leases)
    }
    func retire(_ worker: WorkerID) async { await base.retire(worker) }
    func lease(_ request: LeaseRequest) async throws(StorageError) -> LeaseBatch { try await base.lease(request) }
    func giveBack(leasedTo worker: WorkerID, besides leases: [LeaseID]) async {
        await base.giveBack(leasedTo: worker, besides: leases)
    }
    func settle(_ settlements: [Settlement]) async -> Set<LeaseID> { await base.settle(settlements) }
    func reclaim(limit: Int, maxLeaseLosses: Int) async throws(StorageError) -> Progress {
        try await base.reclaim(limit: limit, maxLeaseLosses: maxLeaseLosses)
    }
    func advance(limit: Int) async throws(StorageError) -> Progress { try await base.advance(limit: limit) }
    func expire(limit: Int) async throws(StorageError) -> Progress { try await base.expire(limit: limit) }
    func applyRequests(limit: Int) async -> Progress { await base.applyRequests(limit: limit) }
    func prune(finishedForMs ageMs: Double, from cursor: ExecutionID?, limit: Int) async -> Pruning {
        await base.prune(finishedForMs: ageMs, from: cursor, limit: limit)
    }
}
