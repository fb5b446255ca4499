public import DurableCore

/// Registering tasks. Each variant takes a closure of another shape: with or without input, context and output.
///
/// All throw ``InvalidTask`` at once for an id that is taken or not one, and for options out of range.
extension DurableExecutor {
    /// Registers a task.
    ///
    /// ```swift
    /// let add1 = try executor.task("add1", timeout: .seconds(5), retry: .init(maxAttempts: 3)) { (input: Number) in
    ///     Number(n: input.n + 1)
    /// }
    /// ```
    ///
    /// The input's type is its schema: an input that does not decode is refused where it is enqueued through this process,
    /// and fails the execution without running the task where it comes from elsewhere.
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
        try single(id, .init(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun), .codable, .codable, run)
    }

    /// Registers a task without output.
    public func task<Input: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (Input, RunContext) async throws -> Void
    ) throws(InvalidTask) -> DurableTask<Input, Void> {
        try single(id, .init(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun), .codable, .nothing, run)
    }

    /// Registers a task that does not ask for the run context.
    public func task<Input: Codable & Sendable, Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (Input) async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        try task(id, timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun) { input, _ in
            try await run(input)
        }
    }

    /// Registers a task without output that does not ask for the run context.
    public func task<Input: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable (Input) async throws -> Void
    ) throws(InvalidTask) -> DurableTask<Input, Void> {
        try task(id, timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun) { input, _ in
            try await run(input)
        }
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
        return try single(id, options, .nothing, .codable) { _, context in try await run(context) }
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
        return try single(id, options, .nothing, .nothing) { _, context in try await run(context) }
    }

    /// Registers a task without input that does not ask for the run context.
    public func task<Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable () async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Void, Output> {
        try task(id, timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun) { _ in try await run() }
    }

    /// Registers a task without input and output that does not ask for the run context.
    public func task(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        run: @escaping @Sendable () async throws -> Void
    ) throws(InvalidTask) -> DurableTask<Void, Void> {
        try task(id, timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun) { _ in try await run() }
    }

    /// What all variants come to.
    private func single<Input: Sendable, Output: Sendable>(
        _ id: TaskID,
        _ options: TaskOptions,
        _ input: PayloadCodec<Input>,
        _ output: PayloadCodec<Output>,
        _ run: @escaping @Sendable (Input, RunContext) async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        let task = DurableTask(definition: TaskDefinition(id: id, options: options), input: input, output: output)
        try register([registration(of: task, run: run)])
        return task
    }
}
