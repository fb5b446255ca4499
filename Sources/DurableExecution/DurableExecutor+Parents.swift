public import DurableCoding
public import DurableCore

/// Registering tasks that have children.
///
/// All throw ``InvalidTask`` at once for an id that is taken or not one, and for options out of range.
extension DurableExecutor {
    /// Registers a task whose attempt, when it ends well, brings children; the execution completes when they have ended.
    ///
    /// ```swift
    /// let fanOut = try executor.parentTask("fanOut", timeout: .seconds(5)) { (input: Number, _) in
    ///     Spawn(output: input.n, children: [add1.child(input), double.child(input)])
    /// }
    /// let results = try await executor.enqueue(fanOut, Number(n: 3)).wait().output
    /// let sums = try results?.outputs(of: add1)
    /// ```
    ///
    /// - Parameters:
    ///   - id: Its name: letters, digits and underscores, unique in the executor, the same in every process.
    ///   - timeout: How long one attempt of the parent itself may take; its children have their own time.
    ///   - retry: How often and how soon a failed attempt of the parent itself is tried again.
    ///   - sleepBeforeRun: The delay before the first attempt.
    ///   - onChildFailure: Whether a child that does not complete fails the parent at once. If not, the parent completes
    ///     with successes and failures alike.
    ///   - run: Makes one attempt, and returns the children that are to run, in parallel and in any process.
    /// - Returns: What executions of the task are enqueued and read with; their output tells how each child ended.
    public func parentTask<Input: Codable & Sendable, RunOutput>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        onChildFailure: ChildFailurePolicy = .continue,
        run: @escaping @Sendable (Input, RunContext) async throws -> Spawn<RunOutput>
    ) throws(InvalidTask) -> DurableTask<Input, ParentResults<RunOutput>> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try parent(id, options, onChildFailure, .codable, .none(), run)
    }

    /// Registers a task with children, and without input.
    public func parentTask<RunOutput>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        onChildFailure: ChildFailurePolicy = .continue,
        run: @escaping @Sendable (RunContext) async throws -> Spawn<RunOutput>
    ) throws(InvalidTask) -> DurableTask<Void, ParentResults<RunOutput>> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try parent(id, options, onChildFailure, .nothing, .none()) { _, context in try await run(context) }
    }

    /// Registers a task with children, and a task that makes its output out of how they ended.
    ///
    /// ```swift
    /// let sum = try executor.task("sum", timeout: .seconds(5)) { (results: ParentResults<NoOutput>) in
    ///     try results.outputs(of: square).reduce(0, +)
    /// }
    /// let sumOfSquares = try executor.parentTask("sumOfSquares", timeout: .seconds(5), finalize: sum) { (n: Int, _) in
    ///     Spawn(children: (1...n).map { square.child($0) })
    /// }
    /// let total = try await executor.enqueue(sumOfSquares, 3).wait().output  // 14
    /// ```
    ///
    /// - Parameter finalize: Runs once when all children have ended, or at once when there are none. It may be of any kind
    ///   but sleeping, so a parent too, to any depth. Its output is the parent's; when it does not complete, the parent is
    ///   ``ExecutionStatus/finalizeFailed``.
    public func parentTask<Input: Codable & Sendable, RunOutput, Output>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        onChildFailure: ChildFailurePolicy = .continue,
        finalize: DurableTask<ParentResults<RunOutput>, Output>,
        run: @escaping @Sendable (Input, RunContext) async throws -> Spawn<RunOutput>
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try parent(id, options, onChildFailure, .codable, .task(finalize), run)
    }

    /// Registers a task with children and a finalize task, and without input.
    public func parentTask<RunOutput, Output>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        onChildFailure: ChildFailurePolicy = .continue,
        finalize: DurableTask<ParentResults<RunOutput>, Output>,
        run: @escaping @Sendable (RunContext) async throws -> Spawn<RunOutput>
    ) throws(InvalidTask) -> DurableTask<Void, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        return try parent(id, options, onChildFailure, .nothing, .task(finalize)) { _, context in
            try await run(context)
        }
    }

    /// Registers a task with children, and what makes its output out of how they ended.
    ///
    /// ```swift
    /// let sumOfSquares = try executor.parentTask("sumOfSquares", timeout: .seconds(5)) { (n: Int, _) in
    ///     Spawn(children: (1...n).map { square.child($0) })
    /// } finalize: { results in
    ///     try results.outputs(of: square).reduce(0, +)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - finalizeOptions: What governs the finalize task; the parent's timeout and retries unless given.
    ///   - finalize: A task of its own, durable as any, named after the parent with `_finalize` at the end. Runs once when
    ///     all children have ended, or at once when there are none. When it does not complete, the parent is
    ///     ``ExecutionStatus/finalizeFailed``.
    public func parentTask<Input: Codable & Sendable, RunOutput, Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        onChildFailure: ChildFailurePolicy = .continue,
        finalizeOptions: TaskOptions? = nil,
        run: @escaping @Sendable (Input, RunContext) async throws -> Spawn<RunOutput>,
        finalize: @escaping @Sendable (ParentResults<RunOutput>) async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        let finalize = finalizeStep(of: id, options, finalizeOptions, finalize)
        return try parent(id, options, onChildFailure, .codable, finalize, run)
    }

    /// Registers a task with children and what makes its output out of how they ended, and without input.
    public func parentTask<RunOutput, Output: Codable & Sendable>(
        _ id: TaskID,
        timeout: Duration,
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero,
        onChildFailure: ChildFailurePolicy = .continue,
        finalizeOptions: TaskOptions? = nil,
        run: @escaping @Sendable (RunContext) async throws -> Spawn<RunOutput>,
        finalize: @escaping @Sendable (ParentResults<RunOutput>) async throws -> Output
    ) throws(InvalidTask) -> DurableTask<Void, Output> {
        let options = TaskOptions(timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun)
        let finalize = finalizeStep(of: id, options, finalizeOptions, finalize)
        return try parent(id, options, onChildFailure, .nothing, finalize) { _, context in try await run(context) }
    }
}
