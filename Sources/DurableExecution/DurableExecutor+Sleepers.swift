public import DurableCoding
public import DurableCore
import DurableWorker

/// Tasks that wait for something outside: a payment, a person's click, a webhook.
extension DurableExecutor {
    /// Registers a task whose executions wait to be woken up, and take no slot of any worker meanwhile.
    ///
    /// ```swift
    /// let payment = try executor.sleepingTask("payment", timeout: .seconds(86_400), output: Receipt.self)
    /// let handle = try await executor.enqueue(payment, "order-17")
    /// // …and where the news arrives, in any process:
    /// try await executor.wakeUp(payment, "order-17", with: receipt)
    /// ```
    ///
    /// The input of an execution is the name that it is woken up by: 1 to 255 characters, unique among the sleepers of all
    /// tasks, those that have finished and are still kept included.
    ///
    /// - Parameters:
    ///   - id: Its name: letters, digits and underscores, unique in the executor, the same in every process.
    ///   - timeout: How long an execution sleeps; then it is ``ExecutionStatus/timedOut``.
    ///   - output: What it is woken up with.
    /// - Returns: What executions of the task are enqueued, woken up and read with.
    /// - Throws: ``InvalidTask`` for an id that is taken or not one, and for a timeout out of range.
    public func sleepingTask<Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        output: Output.Type
    ) throws(InvalidTask) -> DurableTask<String, Output> {
        try sleeper(id, timeout, .codable)
    }

    /// Registers a task whose executions wait to be woken up, and have no output.
    public func sleepingTask(_ id: TaskID, timeout: Duration) throws(InvalidTask) -> DurableTask<String, Void> {
        try sleeper(id, timeout, .nothing)
    }

    /// Completes the sleeper of that name with an output; one that has finished stays as it is.
    ///
    /// - Returns: The sleeper as it then is; `nil` when there is none yet, and the wake-up is kept for it
    ///   (``ExecutorConfiguration/wakeUpRetention``).
    /// - Throws: ``RequestError``: when the task is not a sleeping one, the name is that of another task's sleeper, or there
    ///   is none and wake-ups are not kept. `EncodingError` when the output has no place in JSON.
    @discardableResult
    public func wakeUp<Output>(
        _ task: DurableTask<String, Output>,
        _ uniqueID: String,
        with output: Output
    ) async throws -> ExecutionSnapshot<Output>? {
        try await wake(task, uniqueID, .completed(try task.output.encode(output)))
    }

    /// Completes the sleeper of that name, of a task without output; one that has finished stays as it is.
    ///
    /// Returns and throws as the variant with an output.
    @discardableResult
    public func wakeUp(
        _ task: DurableTask<String, Void>,
        _ uniqueID: String
    ) async throws -> ExecutionSnapshot<Void>? {
        try await wake(task, uniqueID, .completed(.undefined))
    }

    /// Fails the sleeper of that name; one that has finished stays as it is.
    ///
    /// Returns and throws as the variant with an output.
    @discardableResult
    public func wakeUp<Output>(
        _ task: DurableTask<String, Output>,
        _ uniqueID: String,
        failing message: String
    ) async throws -> ExecutionSnapshot<Output>? {
        try await wake(task, uniqueID, .failed(.nonRetryable(message)))
    }

    private func wake<Output>(
        _ task: DurableTask<String, Output>,
        _ uniqueID: String,
        _ result: WakeUp.Result
    ) async throws -> ExecutionSnapshot<Output>? {
        guard let execution = try await executions.wake(uniqueID, of: task.id, with: result) else { return nil }
        return try handle(for: task, execution.id).snapshot(execution)
    }

    private func sleeper<Output>(
        _ id: TaskID,
        _ timeout: Duration,
        _ output: PayloadCodec<Output>
    ) throws(InvalidTask) -> DurableTask<String, Output> {
        let task = DurableTask<String, Output>(
            definition: TaskDefinition(id: id, options: TaskOptions(timeout: timeout), kind: .sleeping),
            input: .codable,
            output: output
        )
        // Without a check of the input: what is wrong with a name is said by the engine.
        try register([RegisteredTask(definition: task.definition, invoker: nil)])
        return task
    }
}
