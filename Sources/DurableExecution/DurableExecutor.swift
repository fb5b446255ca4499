import DurableCoding
public import DurableCore
package import DurableWorker
public import Logging
public import ServiceLifecycle
import Synchronization

/// Runs tasks that are written in Swift, and enqueues them.
///
/// ```swift
/// struct Number: Codable, Sendable { var n: Int }
///
/// let executor = DurableExecutor(storage: InMemoryStorage())
/// let add1 = try executor.task("add1", timeout: .seconds(5), retry: .init(maxAttempts: 3)) { (input: Number) in
///     Number(n: input.n + 1)
/// }
///
/// try await withThrowingTaskGroup(of: Void.self) { group in
///     group.addTask { try await executor.run() }
///     let execution = try await executor.enqueue(add1, Number(n: 0)).wait()
///     print(execution.output?.n ?? 0)  // 1
///     group.cancelAll()
/// }
/// ```
///
/// ``run()`` works until graceful shutdown, so an executor goes into a `ServiceGroup` as it is. Tasks may be registered and
/// executions enqueued before, meanwhile and without it: any executor on the same storage that has the task runs them.
public final class DurableExecutor: Service {
    let logger: Logger
    let executions: Executions
    private let worker: Worker
    private let registered = Mutex<[TaskID: RegisteredTask]>([:])
    private let isRunning = Mutex(false)

    /// - Parameters:
    ///   - storage: Where executions live.
    ///   - signals: Shortens waiting. The default reaches this process only, which is right for ``InMemoryStorage``; on a
    ///     storage that processes share, hand in the one that comes with it.
    public init(
        storage: any Storage,
        signals: any Signals = LocalSignals(),
        configuration: ExecutorConfiguration = ExecutorConfiguration(),
        logger: Logger = Logger(label: "durable")
    ) {
        self.logger = logger
        executions = Executions(
            storage: storage,
            signals: signals,
            wakeUpRetentionMs: configuration.wakeUpRetention / .milliseconds(1)
        )
        worker = Worker(
            storage: storage,
            signals: signals,
            catalog: executions.catalog,
            tasks: WorkerTasks([]),
            configuration: configuration.worker,
            logger: logger
        )
    }

    /// Runs the registered tasks until graceful shutdown: then it stops leasing, gives running attempts the drain time to
    /// end, gives back what is left and returns.
    public func run() async throws {
        isRunning.withLock { $0 = true }
        defer { isRunning.withLock { $0 = false } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.executions.run() }
            try await worker.run()
            group.cancelAll()
        }
    }

    // MARK: Executions

    /// Enqueues an execution of a task; returns when it is stored.
    ///
    /// - Parameter options: Replace the task's own for this execution.
    /// - Throws: ``RequestError``; `EncodingError` when the input has no place in JSON.
    public func enqueue<Input, Output>(
        _ task: DurableTask<Input, Output>,
        _ input: Input,
        options: EnqueueOptions = EnqueueOptions()
    ) async throws -> ExecutionHandle<Output> {
        let request = EnqueueRequest(taskID: task.id, input: try task.input.encode(input), options: options)
        return handle(for: task, try await executions.enqueue(request))
    }

    /// Enqueues an execution of a task without input; returns when it is stored.
    public func enqueue<Output>(
        _ task: DurableTask<Void, Output>,
        options: EnqueueOptions = EnqueueOptions()
    ) async throws -> ExecutionHandle<Output> {
        try await enqueue(task, (), options: options)
    }

    /// The handle of an execution that was enqueued earlier, perhaps by another process.
    ///
    /// Whether there is such an execution of that task is found out when the handle is used.
    public func handle<Input, Output>(for task: DurableTask<Input, Output>, _ id: ExecutionID) -> ExecutionHandle<
        Output
    > {
        ExecutionHandle(id: id, taskID: task.id, output: task.output, executor: self)
    }

    /// How long a wait may rely on being told of the end.
    ///
    /// Only a running executor tells; without one, the wait looks itself.
    var patience: Duration { isRunning.withLock { $0 } ? .seconds(30) : .milliseconds(500) }

    // MARK: Tasks

    /// The tasks as a worker serves them: for servers that put them next to procedure tasks.
    package var tasks: [RegisteredTask] {
        registered.withLock { Array($0.values) }
    }

    /// Registers tasks, all or none; what the public variants of this have in common is in its own file.
    func register(_ tasks: [RegisteredTask]) throws(InvalidTask) {
        for task in tasks { try task.definition.validate() }
        try registered.withLock { registered throws(InvalidTask) in
            for task in tasks where registered[task.definition.id] != nil {
                throw InvalidTask("Task with given id already exists [taskId=\(task.definition.id)]")
            }
            for task in tasks { registered[task.definition.id] = task }
            // Within the lock, so that of two registrations at once the worker hears the later one last.
            worker.replaceTasks(Array(registered.values))
        }
        for task in tasks { executions.catalog.addOwn(task.definition, check: task.check) }
    }
}
