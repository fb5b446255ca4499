public import DurableCoding
public import DurableCore

/// Reading how children ended by the tasks that they are of.
///
/// ```swift
/// let sums = try results.outputs(of: add1)             // all, or the first failure is thrown
/// let some = results.results(of: double)               // successes and failures
/// let first = try results.children[0].output(of: add1)
/// ```
extension ParentResults {
    /// The outputs of all children of a task, in order.
    ///
    /// - Throws: ``ExecutionError`` for the first that did not complete; a finalize task that lets it pass fails with it.
    public func outputs<Input, ChildOutput: Decodable>(
        of task: DurableTask<Input, ChildOutput>
    ) throws(ExecutionError) -> [ChildOutput] {
        try outputs(of: task.id, as: ChildOutput.self)
    }

    /// What came of each child of a task, in order: for those who can live without some of them.
    public func results<Input, ChildOutput: Decodable>(
        of task: DurableTask<Input, ChildOutput>
    ) -> [Result<ChildOutput, ExecutionError>] {
        results(of: task.id, as: ChildOutput.self)
    }
}

extension ChildResult {
    /// What the child returned, if it is one of that task.
    ///
    /// - Throws: ``ExecutionError``, not retryable, when it is one of another task or did not complete.
    public func output<Input, Output: Decodable>(
        of task: DurableTask<Input, Output>
    ) throws(ExecutionError) -> Output {
        guard taskID == task.id else {
            throw .nonRetryable("The child is an execution of task \(taskID), not of task \(task.id)")
        }
        return try output(as: Output.self)
    }
}
