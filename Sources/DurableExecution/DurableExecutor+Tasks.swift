public import DurableCore

/// Registering tasks. Each variant takes a closure of another shape: with or without input, context and output.
///
/// All throw ``InvalidTask`` at once for an id that is taken or not one, and for options out of range.
extension DurableExecutor {
    /// Registers a task.
    ///
    /// - Parameters:
    ///   - id: Its name: letters, digits and underscores, unique in the executor, the same in every process.
    ///   - timeout: How long one attempt may take, at least a millisecond.
    ///   - retry: How often and how soon a failed attempt is tried again.
    ///   - sleepBeforeRun: The delay before the first attempt.
    ///   - run: Makes one attempt. It may be made more than once: at least once is what the executor promises. It is
    ///     cancelled when it takes too long, when the execution is cancelled, and when the lease is lost.
    /// - Returns: What executions of the task are enqueued and read with.
    public func task<Input: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (Input, RunContext) async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .codable, .codable, run: run)
    }

    /// Registers a task without output.
    public func task<Input: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (Input, RunContext) async throws -> Void
    ) throws(InvalidTask) -> DurableTask<Input, Void> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .codable, .nothing, run: run)
    }

    /// Registers a task that does not ask for the run context.
    public func task<Input: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (Input) async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .codable, .codable) { input, _ in try await run(input) }
    }

    /// Registers a task without output that does not ask for the run context.
    public func task<Input: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (Input) async throws -> Void
    ) throws(InvalidTask) -> DurableTask<Input, Void> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .codable, .nothing) { input, _ in try await run(input) }
    }

    /// Registers a task without input.
    public func task<Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (RunContext) async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Void, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .nothing, .codable) { _, context in try await run(context) }
    }

    /// Registers a task without input and output.
    public func task(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (RunContext) async throws -> Void
    ) throws(InvalidTask) -> DurableTask<Void, Void> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .nothing, .nothing) { _, context in try await run(context) }
    }

    /// Registers a task without input that does not ask for the run context.
    public func task<Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable () async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Void, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .nothing, .codable) { _, _ in try await run() }
    }

    /// Registers a task without input and output that does not ask for the run context.
    public func task(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable () async throws -> Void
    ) throws(InvalidTask) -> DurableTask<Void, Void> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try register(id, options, .nothing, .nothing) { _, _ in try await run() }
    }
}

extension TaskOptions {
    /// Options from durations; a part of a millisecond of the timeout counts as a whole one.
    fileprivate init(timeout: Duration, retry: RetryOptions, sleepBeforeRun: Duration) {
        let milliseconds = (timeout / .milliseconds(1)).rounded(.up)
        self.init(
            timeoutMs: Int(exactly: milliseconds) ?? .max,
            retryOptions: retry,
            sleepMsBeforeRun: sleepBeforeRun / .milliseconds(1)
        )
    }
}
