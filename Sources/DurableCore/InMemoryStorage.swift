/// A storage in this process's memory: for tests, for trying things out, and the specification of ``Storage`` in
/// runnable form. Everything is gone when the process ends.
public actor InMemoryStorage: Storage {
    private struct Record {
        var execution: Execution
        var trace: TraceContext?
        var idempotencyKey: String?
    }

    private struct Worker {
        var registration: WorkerRegistration
        var renewedAt: Timestamp
    }

    private struct Key: Hashable {
        let taskID: TaskID
        let key: String
    }

    private let now: @Sendable () -> Timestamp
    private var records: [ExecutionID: Record] = [:]
    private var keys: [Key: ExecutionID] = [:]
    private var workers: [WorkerID: Worker] = [:]
    private var definitions: [TaskID: TaskDefinition] = [:]

    /// - Parameter now: The storage's clock.
    public init(now: @escaping @Sendable () -> Timestamp) {
        self.now = now
    }

    // MARK: Producers

    public func insert(_ executions: [NewExecution]) throws(StorageError) -> [Insertion] {
        let now = now()
        var inserted: [ExecutionID: Record] = [:]
        var newKeys: [Key: ExecutionID] = [:]
        var insertions: [Insertion] = []
        for (index, new) in executions.enumerated() {
            let key = new.idempotencyKey.map { Key(taskID: new.taskID, key: $0) }
            if let key, let existing = newKeys[key] ?? keys[key] {
                guard (inserted[existing] ?? records[existing])?.execution.input == new.input else {
                    throw .idempotencyConflict(index: index)
                }
                insertions.append(.existing(existing))
                continue
            }
            let id = ExecutionID.fresh(at: now)
            inserted[id] = Record(
                execution: Execution(
                    id: id,
                    taskID: new.taskID,
                    options: new.options,
                    input: new.input,
                    createdAt: now,
                    updatedAt: now,
                    startAt: now.adding(milliseconds: new.options.sleepMsBeforeRun)
                ),
                trace: new.trace,
                idempotencyKey: new.idempotencyKey
            )
            if let key { newKeys[key] = id }
            insertions.append(.inserted(id))
        }
        records.merge(inserted) { _, new in new }
        keys.merge(newKeys) { _, new in new }
        return insertions
    }

    public func executions(_ ids: [ExecutionID]) -> [ExecutionID: Execution] {
        var found: [ExecutionID: Execution] = [:]
        for id in ids { found[id] = records[id]?.execution }
        return found
    }

    public func settled(among ids: [ExecutionID]) -> Set<ExecutionID> {
        Set(ids.filter { records[$0]?.execution.status.isFinished ?? true })
    }

    public func list(_ query: ExecutionQuery) -> [Execution] {
        let matches = records.values.lazy.map(\.execution).filter { execution in
            (query.taskID == nil || execution.taskID == query.taskID)
                && (query.statuses.isEmpty || query.statuses.contains(execution.status))
                && (query.before.map { execution.id < $0 } ?? true)
        }
        return Array(matches.sorted { $0.id > $1.id }.prefix(max(0, query.limit)))
    }

    public func cancel(_ ids: [ExecutionID]) throws(StorageError) -> Set<ExecutionID> {
        var cancelled: Set<ExecutionID> = []
        for id in ids {
            guard let record = records[id] else { continue }
            let transition = try decide(record.execution, .cancelled)
            guard transition != .unchanged else { continue }
            apply(transition, to: id)
            cancelled.insert(id)
        }
        return cancelled
    }

    // MARK: Tasks

    public func register(_ tasks: [TaskDefinition]) -> Set<TaskID> {
        var changed: Set<TaskID> = []
        for task in tasks {
            if let old = definitions.updateValue(task, forKey: task.id), old != task { changed.insert(task.id) }
        }
        return changed
    }

    public func tasks() -> [TaskDefinition] {
        definitions.values.sorted { $0.id.rawValue < $1.id.rawValue }
    }

    // MARK: Workers

    public func register(_ worker: WorkerRegistration) {
        workers[worker.id] = Worker(registration: worker, renewedAt: now())
    }

    public func renew(_ worker: WorkerID, holding leases: [LeaseID]) -> Renewal? {
        guard workers[worker] != nil else { return nil }
        workers[worker]?.renewedAt = now()
        return Renewal(lost: Set(leases.filter { !holds(worker, $0) }))
    }

    public func retire(_ worker: WorkerID) {
        workers[worker] = nil
    }

    public func lease(_ request: LeaseRequest) throws(StorageError) -> LeaseBatch {
        guard workers[request.worker] != nil else { return LeaseBatch(leases: [], nextDueMs: nil) }
        let now = now()
        let served = Set(request.tasks)
        let waiting = records.values.filter {
            $0.execution.status == .ready && served.contains($0.execution.taskID)
        }
        let due = waiting.filter { $0.execution.startAt <= now }
            .sorted { ($0.execution.startAt, $0.execution.id) < ($1.execution.startAt, $1.execution.id) }
        var leases: [Lease] = []
        for record in due.prefix(max(0, request.limit)) {
            var execution = record.execution
            _ = try decide(execution, .leased)
            execution.status = .running
            execution.attempt += 1
            execution.workerID = request.worker
            execution.startedAt = now
            execution.updatedAt = now
            records[execution.id]?.execution = execution
            leases.append(
                Lease(
                    id: LeaseID(executionID: execution.id, attempt: execution.attempt),
                    taskID: execution.taskID,
                    input: execution.input,
                    options: execution.options,
                    retryAttempts: execution.retryAttempts,
                    leaseLosses: execution.leaseLosses,
                    previousError: execution.error,
                    trace: record.trace,
                    startedAt: now
                )
            )
        }
        let next = waiting.lazy.map(\.execution.startAt).filter { $0 > now }.min()
        return LeaseBatch(
            leases: leases,
            nextDueMs: leases.count < request.limit ? next?.milliseconds(since: now) : nil
        )
    }

    public func settle(_ settlements: [Settlement]) -> Set<LeaseID> {
        var held: Set<LeaseID> = []
        for settlement in settlements where holds(nil, settlement.lease) {
            apply(settlement.transition, to: settlement.lease.executionID)
            held.insert(settlement.lease)
        }
        return held
    }

    // MARK: Upkeep

    public func reclaim(limit: Int, maxLeaseLosses: Int) throws(StorageError) -> Int {
        let now = now()
        workers = workers.filter { _, worker in
            worker.renewedAt.adding(milliseconds: Double(worker.registration.leaseMs)) >= now
        }
        let lost = records.values.filter { record in
            guard record.execution.status == .running else { return false }
            return record.execution.workerID.map { workers[$0] == nil } ?? true
        }
        for record in lost.prefix(limit) {
            apply(try decide(record.execution, .workerLost(maximum: maxLeaseLosses)), to: record.execution.id)
        }
        return min(limit, lost.count)
    }

    public func prune(finishedForMs ageMs: Double, from cursor: ExecutionID?, limit: Int) -> Pruning {
        let now = now()
        let ids = records.keys.filter { id in cursor.map { id > $0 } ?? true }.sorted().prefix(limit)
        var deleted = 0
        for id in ids {
            guard let record = records[id], let finishedAt = record.execution.finishedAt,
                finishedAt.adding(milliseconds: ageMs) <= now
            else { continue }
            records[id] = nil
            if let key = record.idempotencyKey { keys[Key(taskID: record.execution.taskID, key: key)] = nil }
            deleted += 1
        }
        return Pruning(deleted: deleted, next: ids.count == limit ? ids.last : nil)
    }

    // MARK: Writing what was decided

    private func holds(_ worker: WorkerID?, _ lease: LeaseID) -> Bool {
        guard let execution = records[lease.executionID]?.execution else { return false }
        return execution.status == .running && execution.attempt == lease.attempt
            && (worker == nil || execution.workerID == worker)
    }

    private func decide(
        _ execution: Execution,
        _ event: ExecutionStateMachine.Event
    ) throws(StorageError) -> ExecutionStateMachine.Transition {
        let state = ExecutionStateMachine.State(
            status: execution.status,
            retryOptions: execution.options.retryOptions,
            retryAttempts: execution.retryAttempts,
            leaseLosses: execution.leaseLosses
        )
        do {
            return try ExecutionStateMachine.transition(from: state, on: event)
        } catch {
            throw .rejected(reason: "\(error.event) cannot happen to an execution that is \(error.status.rawValue)")
        }
    }

    private func apply(_ transition: ExecutionStateMachine.Transition, to id: ExecutionID) {
        guard var execution = records[id]?.execution else { return }
        let now = now()
        switch transition {
        case .unchanged, .run:
            return
        case .ready(let delayMs, let error, let cost):
            execution.status = .ready
            if let delayMs { execution.startAt = now.adding(milliseconds: delayMs) }
            execution.startedAt = nil
            execution.workerID = nil
            execution.error = error ?? execution.error
            switch cost {
            case .nothing: break
            case .retry: execution.retryAttempts += 1
            case .leaseLoss: execution.leaseLosses += 1
            }
        case .finish(let ending):
            execution.status = ending.status
            execution.output = ending.output
            execution.error = ending.error
            execution.finishedAt = now
        }
        execution.updatedAt = now
        records[id]?.execution = execution
    }
}
