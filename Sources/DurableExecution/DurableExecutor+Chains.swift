public import DurableCoding
public import DurableCore

/// Registering sequences and loops. Their own executions take no slot of any worker; those of their members do.
///
/// All throw ``InvalidTask`` at once for an id that is taken or not one, and for members that cannot be.
extension DurableExecutor {
    /// Registers tasks that run one after the other: each output is the next input, the last output is the result.
    ///
    /// ```swift
    /// let publish = try executor.sequentialTasks("publish") {
    ///     fetch    // DurableTask<URL, Page>
    ///     render   // DurableTask<Page, Document>
    ///     store    // DurableTask<Document, Receipt>
    /// }
    /// let receipt = try await executor.enqueue(publish, url).wait().output
    /// ```
    ///
    /// Members may be of any kind, sleepers and other sequences included, and run with their own options. One that does not
    /// complete ends the sequence as ``ExecutionStatus/finalizeFailed``; the error tells its index.
    ///
    /// - Parameter id: Its name: letters, digits and underscores, unique in the executor, the same in every process.
    /// - Returns: What executions of the sequence are enqueued and read with.
    public func sequentialTasks<Input, Output>(
        _ id: TaskID,
        @TaskSequenceBuilder _ members: () -> TaskSequence<Input, Output>
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        let sequence = members()
        let task = DurableTask(
            definition: TaskDefinition(
                id: id,
                options: TaskDefinition.chainOptions,
                kind: .sequence(sequence.members)
            ),
            input: sequence.input,
            output: sequence.output
        )
        try register([registration(withoutAttempts: task)])
        return task
    }

    /// Registers a task that runs another again and again, with the same input, until that says that it is done.
    ///
    /// ```swift
    /// let poll = try executor.task("poll", timeout: .seconds(5)) { (id: String) -> LoopStep<Report> in
    ///     guard let report = try await reports.find(id) else { return .notDone }
    ///     return .done(report)
    /// }
    /// let awaitReport = try executor.loopingTask("awaitReport", iteration: poll, maxAttempts: 60, delay: .seconds(1))
    /// let report = try await executor.enqueue(awaitReport, "r-17").wait().output?.output
    /// ```
    ///
    /// An iteration that does not complete ends the loop as ``ExecutionStatus/finalizeFailed``; whether it is tried again
    /// before is a matter of its own retry options.
    ///
    /// - Parameters:
    ///   - id: Its name: letters, digits and underscores, unique in the executor, the same in every process.
    ///   - iteration: The task that runs again and again, with its own options.
    ///   - maxAttempts: How many iterations there are at most, 1 to 1,000,000. A loop that uses them up completes with
    ///     ``LoopResult/notDone``.
    ///   - delay: The time before each iteration, the first included; the iteration task's own `sleepBeforeRun` unless
    ///     given.
    /// - Returns: What executions of the loop are enqueued and read with.
    public func loopingTask<Input, Output>(
        _ id: TaskID,
        iteration: DurableTask<Input, LoopStep<Output>>,
        maxAttempts: Int,
        delay: Duration? = nil
    ) throws(InvalidTask) -> DurableTask<Input, LoopResult<Output>> {
        try loop(id, iteration, maxAttempts, delays: delay.map { [$0] } ?? [])
    }

    /// Registers a task that runs another again and again, with a delay that depends on how often it has run.
    ///
    /// - Parameter delay: The time before the iteration of that number, from 0. Asked for the first 1,000 iterations when
    ///   the task is registered; all further ones wait as long as the last of these.
    public func loopingTask<Input, Output>(
        _ id: TaskID,
        iteration: DurableTask<Input, LoopStep<Output>>,
        maxAttempts: Int,
        delay: (_ iteration: Int) -> Duration
    ) throws(InvalidTask) -> DurableTask<Input, LoopResult<Output>> {
        let count = min(max(0, maxAttempts), TaskDefinition.mostDelays)
        return try loop(id, iteration, maxAttempts, delays: (0..<count).map(delay))
    }

    private func loop<Input, Output>(
        _ id: TaskID,
        _ iteration: DurableTask<Input, LoopStep<Output>>,
        _ maxAttempts: Int,
        delays: [Duration]
    ) throws(InvalidTask) -> DurableTask<Input, LoopResult<Output>> {
        var delays = delays
        // The last delay counts for all further iterations: there is no need to store it in every execution again and again.
        while delays.count > 1, delays[delays.count - 1] == delays[delays.count - 2] { delays.removeLast() }
        let plan = LoopPlan(
            iteration: iteration.definition,
            maxAttempts: maxAttempts,
            delaysMs: delays.map { $0 / .milliseconds(1) }
        )
        let task = DurableTask<Input, LoopResult<Output>>(
            definition: TaskDefinition(id: id, options: TaskDefinition.chainOptions, kind: .loop(plan)),
            input: iteration.input,
            output: .codable
        )
        try register([registration(withoutAttempts: task)])
        return task
    }
}
