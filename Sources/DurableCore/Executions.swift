/// What a client may ask of one execution to be.
package struct EnqueueRequest: Sendable, Hashable {
    package var taskID: TaskID
    package var input: Payload
    package var options: EnqueueOptions
    package var trace: TraceContext?

    package init(
        taskID: TaskID,
        input: Payload,
        options: EnqueueOptions = EnqueueOptions(),
        trace: TraceContext? = nil
    ) {
        self.taskID = taskID
        self.input = input
        self.options = options
        self.trace = trace
    }
}

/// The clients' side of the service: enqueue, read, wait, wake up, cancel, retry.
///
/// Whoever speaks to clients speaks through this.
package struct Executions: Sendable {
    package let catalog: TaskCatalog
    private let storage: any Storage
    private let signals: any Signals
    private let watch: FinishWatch
    private let insertions: Gatherer<NewExecution, Insertion>
    private let lookUps: Gatherer<ExecutionID, Execution?>

    /// How long a wake-up is kept for a sleeper that does not exist yet, in milliseconds, unless said otherwise.
    package static let defaultWakeUpRetentionMs: Double = 3_600_000

    private let wakeUpRetentionMs: Double

    /// - Parameters:
    ///   - tasks: Those that this process knows by itself.
    ///   - checks: What refuses inputs of those that can say so before an execution is stored.
    ///   - wakeUpRetentionMs: How long a wake-up is kept for a sleeper that does not exist yet; with 0 it is refused.
    ///   - gathering: How much is asked of the storage at once on behalf of concurrent callers, and how much waits.
    package init(
        storage: any Storage,
        signals: any Signals,
        tasks: [TaskDefinition] = [],
        checks: [TaskID: InputCheck] = [:],
        wakeUpRetentionMs: Double = Self.defaultWakeUpRetentionMs,
        gathering: GatheringLimits = GatheringLimits()
    ) {
        self.storage = storage
        self.wakeUpRetentionMs = wakeUpRetentionMs
        self.signals = signals
        self.catalog = TaskCatalog(storage: storage, own: tasks, checks: checks)
        self.watch = FinishWatch(storage: storage, signals: signals)
        insertions = Gatherer(gathering) { new throws(StorageError) in
            try await storage.insert(new, telling: signals)
        }
        lookUps = Gatherer(gathering.forWholeExecutions) { ids throws(StorageError) in
            let found = try await storage.executions(Array(Set(ids)))
            return ids.map { found[$0] }
        }
    }

    /// Serves those who wait, until cancelled.
    package func run() async {
        await watch.run()
    }

    /// Enqueues one execution; returns when it is stored.
    ///
    /// Concurrent calls share a statement and its commit. Those that take a name may have to wait for whoever has it, and
    /// do so without the others.
    package func enqueue(_ request: EnqueueRequest) async throws(RequestError) -> ExecutionID {
        let new = try await prepare(request)
        if new.takesName { return try await insert([new], naming: { _, message in message })[0] }
        let insertion = try await reach { () throws(StorageError) in
            try await insertions.submit(new, bytes: new.weight)
        }
        return insertion.executionID
    }

    /// Enqueues many executions, all or none; an error names the index of the one it is about.
    package func enqueue(_ requests: [EnqueueRequest]) async throws(RequestError) -> [ExecutionID] {
        guard !requests.isEmpty else { return [] }
        var new: [NewExecution] = []
        new.reserveCapacity(requests.count)
        for (index, request) in requests.enumerated() {
            do {
                new.append(try await prepare(request))
            } catch {
                throw error.naming(index: index)
            }
        }
        return try await insert(new, naming: { index, message in "\(message) [index=\(index)]" })
    }

    /// The execution, provided that it is one of that task.
    ///
    /// Concurrent calls share a look-up.
    package func execution(_ id: String, of taskID: TaskID) async throws(RequestError) -> Execution {
        guard let executionID = ExecutionID(id) else { throw try await unknown(id, taskID) }
        let found = try await reach { () throws(StorageError) in try await lookUps.submit(executionID) }
        guard let execution = found else { throw try await unknown(id, taskID) }
        guard execution.taskID == taskID else {
            throw .executionOfAnotherTask(executionID, provided: taskID, actual: execution.taskID)
        }
        return execution
    }

    /// The execution as it is when it has finished, or when the time is up.
    package func wait(
        for id: String,
        of taskID: TaskID,
        atMost timeout: Duration
    ) async throws(RequestError) -> Execution {
        guard let executionID = ExecutionID(id) else { throw try await unknown(id, taskID) }
        let waiter = await watch.enter(executionID, atMost: timeout)
        do {
            let execution = try await execution(id, of: taskID)
            if execution.status.isFinished {
                await watch.leave(waiter)
                return execution
            }
        } catch {
            await watch.leave(waiter)
            throw error
        }
        if let finished = await watch.end(of: waiter) { return finished }
        return try await execution(id, of: taskID)
    }

    /// Cancels an execution; a finished one stays as it is.
    ///
    /// Returns it as it then is.
    package func cancel(_ id: String, of taskID: TaskID) async throws(RequestError) -> Execution {
        let execution = try await execution(id, of: taskID)
        if execution.status.isFinished { return execution }
        let cancelled = try await reach { () throws(StorageError) in try await storage.cancel([execution.id]) }
        if !cancelled.isEmpty { signals.send([.cancelled, .finished, .upkeep]) }
        return try await self.execution(id, of: taskID)
    }

    /// Wakes a sleeper up; one that has finished stays as it is.
    ///
    /// Returns it as it then is, or `nil` when it does not exist yet and the wake-up is kept for it.
    package func wake(
        _ uniqueID: String,
        of taskID: TaskID,
        with result: WakeUp.Result
    ) async throws(RequestError) -> Execution? {
        let task = try await reach { () throws(StorageError) in try await catalog.definition(of: taskID) }
        guard let task else { throw .taskNotFound(taskID.rawValue) }
        guard task.kind == .sleeping else { throw .invalid("Task \(taskID) is not a sleeping task") }
        guard (1...255).contains(uniqueID.utf16.count), !uniqueID.utf8.contains(0) else {
            throw .invalid(
                "sleepingTaskUniqueId must be a text of 1 to 255 characters without NUL, got \(uniqueID.utf16.count)"
            )
        }
        if case .completed(let output) = result, output.size > NewExecution.largestPayload {
            throw .invalid(
                "The output for the sleeping task \(taskID) is \(output.size) bytes of JSON; "
                    + "at most \(NewExecution.largestPayload) are accepted"
            )
        }
        let wakeUp = WakeUp(taskID: taskID, uniqueID: uniqueID, result: result, keptForMs: wakeUpRetentionMs)
        switch try await reach({ () throws(StorageError) in try await storage.wake(wakeUp) }) {
        case .wokenUp(let sleeper):
            signals.send([.finished, .upkeep])
            return try await execution(sleeper.executionID.description, of: taskID)
        case .wasFinished(let sleeper):
            return try await execution(sleeper.executionID.description, of: taskID)
        case .kept:
            return nil
        case .notFound:
            throw .sleeperNotFound(uniqueID)
        case .ofAnotherTask(let sleeper):
            throw .sleeperOfAnotherTask(uniqueID, provided: taskID, actual: sleeper.taskID)
        }
    }

    /// Has an execution run again that has finished without completing; returns it as it then is.
    package func retry(_ id: String, of taskID: TaskID) async throws(RequestError) -> Execution {
        let execution = try await execution(id, of: taskID)
        guard execution.status.isFinished else { throw .unfinished(id, execution.status) }
        switch try await reach({ () throws(StorageError) in try await storage.retry(execution.id) }) {
        case .retried:
            signals.send([.ready, .upkeep])
            return try await self.execution(id, of: taskID)
        case .notFound:
            throw .executionNotFound(id)
        case .isUnfinished(let status):
            throw .unfinished(id, status)
        case .isCompleted:
            throw .conflict("Task execution is completed and is not run again [executionId=\(id)]")
        case .parentIsUnfinished(let parent):
            throw .conflict(
                "Task execution is a child whose parent has not finished; cancel or await the parent first "
                    + "[executionId=\(id)] [parentTaskId=\(parent.taskID)] [parentExecutionId=\(parent.executionID)]"
            )
        }
    }

    /// The attempts made at an execution, in order.
    package func attempts(of id: ExecutionID) async throws(RequestError) -> [AttemptRecord] {
        try await reach { () throws(StorageError) in try await storage.attempts(of: id) }
    }

    /// How many workers are alive that serve the task.
    package func workers(serving task: TaskID) async throws(RequestError) -> Int {
        try await reach { () throws(StorageError) in try await storage.workers(serving: task) }
    }

    /// Executions by their ids, of whatever task; those that are not known are absent.
    package func executions(_ ids: [ExecutionID]) async throws(RequestError) -> [ExecutionID: Execution] {
        try await reach { () throws(StorageError) in try await storage.executions(ids) }
    }

    // MARK: Parts

    private func prepare(_ request: EnqueueRequest) async throws(RequestError) -> NewExecution {
        let task = try await reach { () throws(StorageError) in try await catalog.definition(of: request.taskID) }
        guard let task else { throw .taskNotFound(request.taskID.rawValue) }
        do {
            let new = try NewExecution(
                of: task,
                input: request.input,
                options: request.options,
                trace: request.trace
            )
            try catalog.check(request.input, for: task.id)
            return new
        } catch {
            throw .invalid(error.message)
        }
    }

    private func insert(
        _ new: [NewExecution],
        naming: (Int, String) -> String
    ) async throws(RequestError) -> [ExecutionID] {
        let insertions: [Insertion]
        do {
            insertions = try await storage.insert(new, telling: signals)
        } catch .idempotencyConflict(let index) {
            throw .conflict(
                naming(
                    index,
                    "The idempotency key was used before for task \(new[index].taskID) with another input; "
                        + "use a new key for a new input"
                )
            )
        } catch .sleeperConflict(let index) {
            throw .conflict(
                naming(index, "\(StorageError.sleeperNameTaken); use a new one [taskId=\(new[index].taskID)]")
            )
        } catch {
            throw RequestError(error)
        }
        return insertions.map(\.executionID)
    }

    /// An execution that is not there, or a task that nobody ever heard of: clients are told the wider one.
    private func unknown(_ id: String, _ taskID: TaskID) async throws(RequestError) -> RequestError {
        let task = try await reach { () throws(StorageError) in try await catalog.definition(of: taskID) }
        return task == nil ? .taskNotFound(taskID.rawValue) : .executionNotFound(id)
    }

    private func reach<T>(_ call: () async throws(StorageError) -> T) async throws(RequestError) -> T {
        do {
            return try await call()
        } catch {
            throw RequestError(error)
        }
    }
}

extension Storage {
    /// Stores new executions and tells whoever works, before those who asked for it: somebody may be waiting to begin.
    fileprivate func insert(
        _ new: [NewExecution],
        telling signals: any Signals
    ) async throws(StorageError) -> [Insertion] {
        var untold: Set<Signal> = new.contains(where: \.hasDeadline) ? [.ready, .upkeep] : [.ready]
        let insertions = try await insert(new, announcing: &untold)
        signals.send(untold)
        return insertions
    }
}

extension NewExecution {
    /// Whether somebody has to look at it when its time has come.
    fileprivate var hasDeadline: Bool { expiresInMs != nil || !kind.isLeased }

    /// Whether storing it depends on whom a name belongs to: an idempotency key, or that of a sleeper.
    fileprivate var takesName: Bool {
        idempotencyKey != nil || kind == .sleeping || firstMember?.takesName == true
    }

    /// Roughly the bytes that it takes up.
    fileprivate var weight: Int { 512 + input.size + (input.meta?.count ?? 0) }
}

extension GatheringLimits {
    /// The same for looking executions up: an answer may be megabytes, so there are fewer of them at once, and nothing waits
    /// for a commit.
    fileprivate var forWholeExecutions: Self {
        var limits = self
        limits.batches = min(batches, 2)
        limits.count = min(count, 64)
        return limits
    }
}

extension RequestError {
    init(_ error: StorageError) {
        self = error.isTransient ? .unavailable(cause: error) : .fault(cause: error)
    }

    fileprivate static func unfinished(_ id: String, _ status: ExecutionStatus) -> RequestError {
        .conflict("Task execution has not finished: it is \(status.rawValue) [executionId=\(id)]")
    }

    fileprivate func naming(index: Int) -> RequestError {
        switch self {
        case .taskNotFound(let task): .taskNotFound("\(task) [index=\(index)]")
        case .invalid(let message): .invalid("\(message) [index=\(index)]")
        case .executionNotFound, .executionOfAnotherTask, .sleeperNotFound, .sleeperOfAnotherTask, .conflict,
            .unavailable, .fault:
            self
        }
    }
}
