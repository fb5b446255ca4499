import DurableCore

/// A storage with a fault in it, which a simulation has to notice.
struct MutantStorage: Storage {
    enum Fault: String, CaseIterable {
        /// Results are taken from whoever brings them.
        case droppedFence
        /// A parent that waits for its finalize execution gets another one.
        case secondFinalize
        /// That an execution ended is forgotten before its relatives are told.
        case lostClosing
        /// What is cancelled is cancelled alone.
        case cancelWithoutDescent
        /// Retries cost nothing.
        case uncountedRetry
        /// Sleepers are said to be woken up and sleep on.
        case droppedWakeUp
        /// Wake-ups that come early are said to be kept.
        case forgottenWakeUp
        /// Deadlines pass.
        case ignoredDeadline
        /// What is leased goes on waiting for a lease.
        case leaseGivenTwice
        /// A lease gets the number of the one before.
        case repeatedLeaseNumber
        /// The last of several executions is accepted and not stored.
        case lostExecution
        /// A parent is told of every child twice.
        case childCountedTwice
        /// Results replace those of finished executions.
        case rewrittenEnd
        /// Nobody takes back the leases of lost workers.
        case keptLeases
    }

    let memory: InMemoryStorage
    let fault: Fault

    // MARK: Producers

    func insert(_ executions: [NewExecution]) async throws(StorageError) -> [Insertion] {
        let insertions = try await memory.insert(executions)
        if fault == .lostExecution, insertions.count > 1, let last = insertions.last {
            await memory.lose(last.executionID)
        }
        return insertions
    }

    func executions(_ ids: [ExecutionID]) async throws(StorageError) -> [ExecutionID: Execution] {
        await memory.executions(ids)
    }

    func settled(among ids: [ExecutionID], limit: Int) async throws(StorageError) -> [ExecutionID: Execution?] {
        await memory.settled(among: ids, limit: limit)
    }

    func list(_ query: ExecutionQuery) async throws(StorageError) -> [Execution] { await memory.list(query) }

    func cancel(_ ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID> {
        let cancelled = try await memory.cancel(ids)
        if fault == .cancelWithoutDescent { await memory.forgetClosings(of: cancelled) }
        return cancelled
    }

    func wake(_ wakeUp: WakeUp) async throws(StorageError) -> WakeUpResult {
        if fault == .droppedWakeUp, let sleeper = await memory.sleeper(named: wakeUp.uniqueID) {
            return .wokenUp(sleeper)
        }
        if fault == .forgottenWakeUp, await memory.sleeper(named: wakeUp.uniqueID) == nil { return .kept }
        return try await memory.wake(wakeUp)
    }

    func retry(_ id: ExecutionID) async throws(StorageError) -> RetryResult { try await memory.retry(id) }

    func attempts(of id: ExecutionID) async throws(StorageError) -> [AttemptRecord] { await memory.attempts(of: id) }

    // MARK: Tasks

    func register(_ tasks: [TaskDefinition]) async throws(StorageError) -> Set<TaskID> { await memory.register(tasks) }

    func tasks() async throws(StorageError) -> [TaskDefinition] { await memory.tasks() }

    // MARK: Workers

    func register(_ worker: WorkerRegistration) async throws(StorageError) { await memory.register(worker) }

    func workers(serving task: TaskID) async throws(StorageError) -> Int { await memory.workers(serving: task) }

    func renew(_ worker: WorkerID, holding leases: [LeaseID]) async throws(StorageError) -> Renewal? {
        await memory.renew(worker, holding: leases)
    }

    func retire(_ worker: WorkerID) async throws(StorageError) { await memory.retire(worker) }

    func lease(_ request: LeaseRequest) async throws(StorageError) -> LeaseBatch {
        let batch = try await memory.lease(request)
        switch fault {
        case .leaseGivenTwice: await memory.putBack(batch.leases)
        case .repeatedLeaseNumber: await memory.repeatNumbers(of: batch.leases)
        default: break
        }
        return batch
    }

    func giveBack(leasedTo worker: WorkerID, besides leases: [LeaseID]) async throws(StorageError) {
        await memory.giveBack(leasedTo: worker, besides: leases)
    }

    func settle(_ settlements: [Settlement]) async throws(StorageError) -> Set<LeaseID> {
        switch fault {
        case .droppedFence: await memory.settleUnfenced(settlements)
        case .rewrittenEnd: await memory.settleFinished(settlements)
        default: break
        }
        let held = await memory.settle(settlements)
        if fault == .uncountedRetry { await memory.giveRetriesBack(held) }
        return held
    }

    // MARK: Upkeep

    func reclaim(limit: Int, maxLeaseLosses: Int) async throws(StorageError) -> Progress {
        if fault == .keptLeases { return Progress() }
        return try await memory.reclaim(limit: limit, maxLeaseLosses: maxLeaseLosses)
    }

    func advance(limit: Int) async throws(StorageError) -> Progress {
        switch fault {
        case .lostClosing: await memory.loseClosing()
        case .childCountedTwice: await memory.countTwice()
        default: break
        }
        let progress = try await memory.advance(limit: limit)
        if fault == .secondFinalize { await memory.finalizeAgain() }
        return progress
    }

    func expire(limit: Int) async throws(StorageError) -> Progress {
        if fault == .ignoredDeadline { return Progress() }
        return try await memory.expire(limit: limit)
    }

    func applyRequests(limit: Int) async throws(StorageError) -> Progress { await memory.applyRequests(limit: limit) }

    func prune(finishedForMs ageMs: Double, from cursor: ExecutionID?, limit: Int) async throws(StorageError) -> Pruning
    {
        await memory.prune(finishedForMs: ageMs, from: cursor, limit: limit)
    }
}

/// The faults.
extension InMemoryStorage {
    fileprivate func lose(_ id: ExecutionID) {
        records[id] = nil
    }

    fileprivate func forgetClosings(of ids: Set<ExecutionID>) {
        closings.subtract(ids)
    }

    fileprivate func loseClosing() {
        if let lost = closings.max() { closings.remove(lost) }
    }

    fileprivate func sleeper(named name: String) -> ExecutionReference? {
        list(ExecutionQuery(taskID: "sleeper", statuses: [.running], limit: .max))
            .first { $0.sleepingUniqueID == name }?.reference
    }

    fileprivate func putBack(_ leases: [Lease]) {
        for lease in leases { records[lease.executionID]?.execution.status = .ready }
    }

    fileprivate func repeatNumbers(of leases: [Lease]) {
        for lease in leases where lease.id.attempt > 1 { records[lease.executionID]?.execution.attempt -= 1 }
    }

    fileprivate func settleUnfenced(_ settlements: [Settlement]) {
        for settlement in settlements {
            guard let execution = records[settlement.lease.executionID]?.execution,
                execution.attempt != settlement.lease.attempt, execution.status == .running
            else { continue }
            apply(settlement.transition, to: execution.id)
        }
    }

    fileprivate func settleFinished(_ settlements: [Settlement]) {
        for settlement in settlements {
            guard let execution = records[settlement.lease.executionID]?.execution, execution.status.isFinished else {
                continue
            }
            apply(settlement.transition, to: execution.id)
        }
    }

    fileprivate func giveRetriesBack(_ leases: Set<LeaseID>) {
        for lease in leases { records[lease.executionID]?.execution.retryAttempts = 0 }
    }

    fileprivate func countTwice() {
        for id in closings.sorted() {
            guard let parent = records[id]?.execution.family?.parent.executionID else { continue }
            records[parent]?.execution.activeChildren -= 1
        }
    }

    fileprivate func finalizeAgain() {
        for parent in list(ExecutionQuery(statuses: [.waitingForFinalize], limit: 1)) {
            apply(
                .finalize(
                    NewExecution(taskID: "plain", input: .undefined, options: TaskOptions(timeoutMs: 500))
                ),
                to: parent.id
            )
        }
    }
}
