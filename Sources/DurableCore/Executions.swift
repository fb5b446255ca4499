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

/// The clients' side of the service: enqueue, read, wait, cancel.
///
/// Whoever speaks to clients speaks through this.
package struct Executions: Sendable {
    package let catalog: TaskCatalog
    private let storage: any Storage
    private let signals: any Signals
    private let watch: FinishWatch

    /// The largest input, in bytes of JSON.
    package static let largestInput = 1 << 20

    package init(storage: any Storage, signals: any Signals, tasks: [TaskDefinition] = []) {
        self.storage = storage
        self.signals = signals
        self.catalog = TaskCatalog(storage: storage, own: tasks)
        self.watch = FinishWatch(storage: storage)
    }

    /// Serves those who wait, until cancelled.
    package func run() async {
        await watch.run(signals: signals.signals())
    }

    /// Enqueues one execution; returns when it is stored.
    package func enqueue(_ request: EnqueueRequest) async throws(RequestError) -> ExecutionID {
        let new = try await prepare(request)
        return try await insert([new], naming: { _, message in message })[0]
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
    package func execution(_ id: String, of taskID: TaskID) async throws(RequestError) -> Execution {
        guard let executionID = ExecutionID(id) else { throw try await unknown(id, taskID) }
        let found = try await reach { () throws(StorageError) in try await storage.executions([executionID]) }
        guard let execution = found[executionID] else { throw try await unknown(id, taskID) }
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
        let execution = try await execution(id, of: taskID)
        if execution.status.isFinished { return execution }
        await watch.wait(for: execution.id, atMost: timeout)
        return try await self.execution(id, of: taskID)
    }

    /// Cancels an execution; a finished one stays as it is.
    ///
    /// Returns it as it then is.
    package func cancel(_ id: String, of taskID: TaskID) async throws(RequestError) -> Execution {
        let execution = try await execution(id, of: taskID)
        if execution.status.isFinished { return execution }
        let cancelled = try await reach { () throws(StorageError) in try await storage.cancel([execution.id]) }
        if !cancelled.isEmpty {
            signals.send(.cancelled)
            signals.send(.finished)
        }
        return try await self.execution(id, of: taskID)
    }

    // MARK: Parts

    private func prepare(_ request: EnqueueRequest) async throws(RequestError) -> NewExecution {
        let task = try await reach { () throws(StorageError) in try await catalog.definition(of: request.taskID) }
        guard let task else { throw .taskNotFound(request.taskID.rawValue) }
        guard request.input.size <= Self.largestInput else {
            throw .invalid(
                "The input of task \(task.id) is \(request.input.size) bytes of JSON; "
                    + "at most \(Self.largestInput) are accepted"
            )
        }
        let options = task.options.overridden(by: request.options)
        do {
            try request.options.validate(for: task.id)
            try options.validate(for: task.id)
        } catch {
            throw .invalid(error.message)
        }
        return NewExecution(
            taskID: task.id,
            input: request.input,
            options: options,
            idempotencyKey: request.options.idempotencyKey,
            trace: request.trace
        )
    }

    private func insert(
        _ new: [NewExecution],
        naming: (Int, String) -> String
    ) async throws(RequestError) -> [ExecutionID] {
        let insertions: [Insertion]
        do {
            insertions = try await storage.insert(new)
        } catch .idempotencyConflict(let index) {
            throw .conflict(
                naming(
                    index,
                    "The idempotency key was used before for task \(new[index].taskID) with another input; "
                        + "use a new key for a new input"
                )
            )
        } catch {
            throw RequestError(error)
        }
        signals.send(.ready)
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

extension RequestError {
    fileprivate init(_ error: StorageError) {
        self = error.isTransient ? .unavailable(cause: error) : .fault(cause: error)
    }

    fileprivate func naming(index: Int) -> RequestError {
        switch self {
        case .taskNotFound(let task): .taskNotFound("\(task) [index=\(index)]")
        case .invalid(let message): .invalid("\(message) [index=\(index)]")
        case .executionNotFound, .executionOfAnotherTask, .conflict, .unavailable, .fault: self
        }
    }
}
