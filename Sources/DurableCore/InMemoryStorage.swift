/// A storage in this process's memory: for tests, for trying things out, and the specification of ``Storage`` in
/// runnable form. Everything is gone when the process ends.
public actor InMemoryStorage: Storage {
    typealias Record = InMemoryRecords.Record

    struct Worker {
        var registration: WorkerRegistration
        var renewedAt: Timestamp

        func hasLapsed(at now: Timestamp) -> Bool {
            renewedAt.adding(milliseconds: Double(registration.leaseMs)) < now
        }
    }

    /// A name to be woken up by: of a sleeper, or of one that is still to come.
    struct Sleeper {
        var taskID: TaskID
        var execution: ExecutionID?
        var wakeUp: WakeUp.Result?
        var keptUntil: Timestamp
    }

    private struct Key: Hashable {
        let taskID: TaskID
        let key: String
    }

    let now: @Sendable () -> Timestamp
    private let makeID: @Sendable (Timestamp) -> ExecutionID
    package var records = InMemoryRecords()
    var sleepers: [String: Sleeper] = [:]
    var workers: [WorkerID: Worker] = [:]
    /// Executions that have finished and whose relatives have yet to be told.
    package var closings: Set<ExecutionID> = []
    private var keys: [Key: ExecutionID] = [:]
    private var definitions: [TaskID: TaskDefinition] = [:]

    /// - Parameter now: The storage's clock.
    public init(now: @escaping @Sendable () -> Timestamp) {
        self.now = now
        makeID = { .fresh(at: $0) }
    }

    /// A storage in which nothing is left to chance.
    ///
    /// - Parameter makeID: Makes the next execution's id.
    package init(now: @escaping @Sendable () -> Timestamp, makeID: @escaping @Sendable (Timestamp) -> ExecutionID) {
        self.now = now
        self.makeID = makeID
    }

    // MARK: Producers

    public func insert(_ executions: [NewExecution]) throws(StorageError) -> [Insertion] {
        var newKeys: [Key: ExecutionID] = [:]
        var insertions: [Insertion] = []
        var seeds: [Seed] = []
        var indices: [Int] = []
        for (index, new) in executions.enumerated() {
            let key = new.idempotencyKey.map { Key(taskID: new.taskID, key: $0) }
            if let key, let existing = newKeys[key] ?? keys[key] {
                let input = seeds.first { $0.id == existing }?.new.input ?? records[existing]?.execution.input
                guard input == new.input else { throw .idempotencyConflict(index: index) }
                insertions.append(.existing(existing))
                continue
            }
            let id = freshID()
            if let key { newKeys[key] = id }
            let planted = Seed.seeds(of: new, id: id, nextID: freshID)
            indices += planted.map { _ in index }
            seeds += planted
            insertions.append(.inserted(id))
        }
        if let conflict = sleeperConflict(in: seeds) { throw .sleeperConflict(index: indices[conflict]) }
        keys.merge(newKeys) { _, new in new }
        plant(seeds)
        return insertions
    }

    public func executions(_ ids: [ExecutionID]) -> [ExecutionID: Execution] {
        var found: [ExecutionID: Execution] = [:]
        for id in ids { found[id] = records[id].map(withRelatives) }
        return found
    }

    public func settled(among ids: [ExecutionID], limit: Int) -> [ExecutionID: Execution?] {
        let settled = ids.lazy.filter { self.records[$0]?.execution.status.isFinished ?? true }.prefix(limit)
        return Dictionary(settled.map { ($0, self.records[$0].map(self.withRelatives)) }) { first, _ in first }
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
            let transition = try decide(record.execution, .cancelled(.cancelled))
            guard transition != .unchanged else { continue }
            apply(transition, to: id)
            cancelled.insert(id)
        }
        return cancelled
    }

    public func wake(_ wakeUp: WakeUp) throws(StorageError) -> WakeUpResult {
        if let sleeper = knownSleeper(wakeUp.uniqueID), let record = sleeper.execution.flatMap({ records[$0] }) {
            guard sleeper.taskID == wakeUp.taskID else { return .ofAnotherTask(record.execution.reference) }
            let transition = try decide(record.execution, .wokenUp(wakeUp.result))
            guard transition != .unchanged else { return .wasFinished(record.execution.reference) }
            apply(transition, to: record.execution.id)
            return .wokenUp(record.execution.reference)
        }
        // The first wake-up counts, as it would have had the sleeper been there.
        if knownSleeper(wakeUp.uniqueID) != nil { return .kept }
        guard wakeUp.keptForMs > 0 else { return .notFound }
        sleepers[wakeUp.uniqueID] = Sleeper(
            taskID: wakeUp.taskID,
            wakeUp: wakeUp.result,
            keptUntil: now().adding(milliseconds: wakeUp.keptForMs)
        )
        return .kept
    }

    public func retry(_ id: ExecutionID) throws(StorageError) -> RetryResult {
        guard let execution = records[id]?.execution else { return .notFound }
        guard execution.status.isFinished else { return .isUnfinished(execution.status) }
        guard execution.status != .completed else { return .isCompleted }
        if let parent = execution.family.flatMap({ records[$0.parent.executionID]?.execution }),
            !parent.status.isFinished
        {
            return .parentIsUnfinished(parent.reference)
        }
        try retryFinished(id)
        return .retried
    }

    public func attempts(of id: ExecutionID) -> [AttemptRecord] {
        guard let record = records[id] else { return [] }
        let last = AttemptRecord(lastOf: record.execution, workerName: nil)
        let all =
            record.history
            + (last.map { last in record.history.contains { $0.attempt == last.attempt } ? [] : [last] } ?? [])
        return all.map { attempt in
            var attempt = attempt
            attempt.workerName = attempt.workerID.flatMap { workers[$0]?.registration.name }
            return attempt
        }
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

    // MARK: Parts

    func freshID() -> ExecutionID { makeID(now()) }

    /// The executions that were written or deleted since the last call, as they are now; the first call only begins it.
    package func takeChanges() -> [ExecutionID: Execution?] {
        defer { records.changed = [] }
        return (records.changed ?? []).reduce(into: [:]) { $0[$1] = .some(records[$1]?.execution) }
    }

    func forgetKey(of record: Record) {
        guard let key = record.idempotencyKey else { return }
        keys[Key(taskID: record.execution.taskID, key: key)] = nil
    }

    /// The execution with what only a look at its relatives tells.
    private func withRelatives(_ record: Record) -> Execution {
        var execution = record.execution
        let descent = record.descent.compactMap { records[$0]?.execution }
            .filter { $0.family?.parentAttempt == execution.attempt }
        execution.children = descent.filter { $0.family?.isFinalize == false }.map(\.reference)
        execution.finalize = descent.first { $0.family?.isFinalize == true }?.reference
        return execution
    }
}
