import DurableCoding
import DurableCore
import DurableWorker

/// What makes a parent's output when its children have ended.
struct FinalizeStep<RunOutput: Codable & Sendable, Output: Sendable> {
    /// `nil` when the output is what the parent is told of its children.
    let task: TaskDefinition?
    let output: PayloadCodec<Output>
    /// The task as it is to be registered, when it was not before.
    let registration: RegisteredTask?

    static func none() -> FinalizeStep where Output == ParentResults<RunOutput> {
        FinalizeStep(task: nil, output: .codable, registration: nil)
    }

    static func task(_ task: DurableTask<ParentResults<RunOutput>, Output>) -> FinalizeStep {
        FinalizeStep(task: task.definition, output: task.output, registration: nil)
    }
}

extension DurableExecutor {
    /// A closure as the finalize task of a parent.
    ///
    /// - Parameters:
    ///   - parentOptions: Those of the parent, whose timeout and retries count unless the task has options of its own.
    func finalizeStep<RunOutput, Output: Codable>(
        of parent: TaskID,
        _ parentOptions: TaskOptions,
        _ options: TaskOptions?,
        _ run: @escaping @Sendable (ParentResults<RunOutput>) async throws -> Output
    ) -> FinalizeStep<RunOutput, Output> {
        var inherited = parentOptions
        inherited.sleepMsBeforeRun = 0
        let definition = TaskDefinition(id: TaskID("\(parent)_finalize"), options: options ?? inherited)
        let task = DurableTask<ParentResults<RunOutput>, Output>(
            definition: definition,
            input: .codable,
            output: .codable
        )
        return FinalizeStep(
            task: definition,
            output: task.output,
            registration: registration(of: task) { results, _ in try await run(results) }
        )
    }

    /// Registers a parent; the public variants of this are in their own file.
    func parent<Input, RunOutput, Output>(
        _ id: TaskID,
        _ options: TaskOptions,
        _ onChildFailure: ChildFailurePolicy,
        _ input: PayloadCodec<Input>,
        _ finalize: FinalizeStep<RunOutput, Output>,
        _ run: @escaping @Sendable (Input, RunContext) async throws -> Spawn<RunOutput>
    ) throws(InvalidTask) -> DurableTask<Input, Output> {
        let kind = TaskKind.parent(finalize: finalize.task, onChildFailure: onChildFailure)
        let task = DurableTask<Input, Output>(
            definition: TaskDefinition(id: id, options: options, kind: kind),
            input: input,
            output: finalize.output
        )
        try register([registration(ofParent: task, run: run)] + (finalize.registration.map { [$0] } ?? []))
        return task
    }
}
