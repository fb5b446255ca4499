import DurableCore

/// The tasks that the cases about relatives are made of.
extension TaskDefinition {
    static let child = plain("child")
    static let other = plain("other")
    static let finalize = plain("finalize")
    static let sleeper = TaskDefinition(id: "sleeper", options: TaskOptions(timeoutMs: 60_000), kind: .sleeping)

    static func plain(_ id: TaskID, retries: RetryOptions = .none, sleepMs: Double = 0) -> TaskDefinition {
        TaskDefinition(
            id: id,
            options: TaskOptions(timeoutMs: 5000, retryOptions: retries, sleepMsBeforeRun: sleepMs)
        )
    }

    static func parent(
        _ id: TaskID = "parent",
        finalize: TaskDefinition? = nil,
        onChildFailure: ChildFailurePolicy = .continue
    ) -> TaskDefinition {
        TaskDefinition(
            id: id,
            options: TaskOptions(timeoutMs: 5000),
            kind: .parent(finalize: finalize, onChildFailure: onChildFailure)
        )
    }

    static func sequence(_ members: [TaskDefinition]) -> TaskDefinition { sequence("sequence", members) }

    static func sequence(_ id: TaskID, _ members: [TaskDefinition], sleepMs: Double = 0) -> TaskDefinition {
        var options = chainOptions
        options.sleepMsBeforeRun = sleepMs
        return TaskDefinition(id: id, options: options, kind: .sequence(members))
    }

    static func loop(
        _ iteration: TaskDefinition,
        maxAttempts: Int,
        delaysMs: [Double] = []
    ) -> TaskDefinition {
        let plan = LoopPlan(iteration: iteration, maxAttempts: maxAttempts, delaysMs: delaysMs)
        return TaskDefinition(id: "loop", options: chainOptions, kind: .loop(plan))
    }
}

extension ChildRequest {
    static func plain(
        _ taskID: TaskID = "child",
        input: String = "0",
        options: EnqueueOptions = EnqueueOptions()
    ) -> ChildRequest {
        ChildRequest(taskID: taskID, input: Payload(json: input), options: options)
    }
}

extension StorageConformance.Subject {
    func enqueue(
        _ task: TaskDefinition,
        input: String = "0",
        options: EnqueueOptions = EnqueueOptions()
    ) async throws -> ExecutionID {
        try await insert(NewExecution(of: task, input: Payload(json: input), options: options))
    }

    /// Tells relatives until there is nothing left to tell.
    func tellFamilies() async throws {
        var progress = Progress()
        repeat { progress = try await storage.advance(limit: 1000) } while progress.count > 0 || progress.isMore
    }

    /// Makes one attempt at an execution of the task that is due, and tells its relatives.
    @discardableResult
    func attempt(
        _ task: TaskID,
        by worker: WorkerID,
        _ outcome: Outcome = .completed(Payload(json: "1")),
        tasks: [TaskDefinition] = []
    ) async throws -> Lease {
        let lease = try await leaseOne(worker, of: task)
        guard try await settle(lease, outcome, tasks: tasks) else { throw Missing(what: "lease of \(task)") }
        try await tellFamilies()
        return lease
    }

    /// Enqueues a parent, and has its attempt bring children of the tasks `child` and `other`.
    func spawn(
        _ parent: TaskDefinition,
        by worker: WorkerID,
        output: Payload = Payload(json: "1"),
        _ children: [ChildRequest],
        options: EnqueueOptions = EnqueueOptions()
    ) async throws -> ExecutionID {
        let id = try await enqueue(parent, options: options)
        let tasks: [TaskDefinition] = [.child, .other, .sleeper]
        try await attempt(parent.id, by: worker, .spawned(output, children: children), tasks: tasks)
        return id
    }

    /// The leases of everything that is due, by execution.
    func leases(_ worker: WorkerID, _ tasks: [TaskID] = ["child", "other"]) async throws -> [ExecutionID: Lease] {
        let leases = try await lease(worker, tasks, limit: 1000)
        return Dictionary(leases.map { ($0.executionID, $0) }) { first, _ in first }
    }

    func status(_ id: ExecutionID) async throws -> ExecutionStatus { try await execution(id).status }

    /// How many executions of the task there are.
    func count(of task: TaskID) async throws -> Int {
        try await storage.list(ExecutionQuery(taskID: task, limit: 1000)).count
    }

    @discardableResult
    func wake(
        _ name: String,
        _ taskID: TaskID = "sleeper",
        _ result: WakeUp.Result = .completed(Payload(json: "2")),
        keptForMs: Double = 3_600_000
    ) async throws -> WakeUpResult {
        try await storage.wake(WakeUp(taskID: taskID, uniqueID: name, result: result, keptForMs: keptForMs))
    }
}
