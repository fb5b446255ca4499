public import DurableCoding
public import DurableCore
import DurableWire

/// One execution of a task: to look at, to wait for, to cancel, to retry.
public struct ExecutionHandle<Output: Sendable>: Sendable {
    /// What the execution is known by.
    public let id: ExecutionID
    /// The task that it is an execution of.
    public let taskID: TaskID
    let output: PayloadCodec<Output>
    let executor: DurableExecutor

    /// The execution as it stands.
    ///
    /// - Throws: ``RequestError``; `DecodingError` when the output is of another type.
    public func execution() async throws -> ExecutionSnapshot<Output> {
        try snapshot(try await executor.executions.execution(id.description, of: taskID))
    }

    /// The execution once it has finished.
    ///
    /// A wait that is cancelled throws `CancellationError`; the execution goes on.
    ///
    /// - Throws: As ``execution()``.
    public func wait() async throws -> ExecutionSnapshot<Output> {
        while true {
            let execution: Execution
            do {
                execution = try await executor.executions.wait(
                    for: id.description,
                    of: taskID,
                    atMost: executor.patience
                )
            } catch {
                // What was cancelled may have been the reading as well as the waiting.
                try Task.checkCancellation()
                throw error
            }
            if execution.status.isFinished { return try snapshot(execution) }
            try Task.checkCancellation()
        }
    }

    /// Cancels the execution, or leaves it as it is when it has finished, and returns it as it then is.
    ///
    /// - Throws: As ``execution()``.
    @discardableResult
    public func cancel() async throws -> ExecutionSnapshot<Output> {
        try snapshot(try await executor.executions.cancel(id.description, of: taskID))
    }

    /// Has the execution run again, which must have finished without completing, and returns it as it then is.
    ///
    /// It is the same execution, with the same id and input; its attempts up to now stay in its history. A sequence or loop
    /// goes on where it failed, and so does a parent whose finalize execution failed.
    ///
    /// - Throws: As ``execution()``, and ``RequestError/invalid(_:)`` or ``RequestError/conflict(_:)`` for an execution
    ///   that cannot be retried.
    @discardableResult
    public func retry() async throws -> ExecutionSnapshot<Output> {
        try snapshot(try await executor.executions.retry(id.description, of: taskID))
    }

    /// The attempts made at the execution, in order, the one under way included.
    ///
    /// - Throws: As ``execution()``.
    public func attempts() async throws -> [AttemptRecord] {
        _ = try await executor.executions.execution(id.description, of: taskID)
        return try await executor.executions.attempts(of: id)
    }

    func snapshot(_ execution: Execution) throws -> ExecutionSnapshot<Output> {
        try ExecutionSnapshot(ExecutionRecord(execution), of: execution.id, decodingOutput: output.decode)
    }
}
