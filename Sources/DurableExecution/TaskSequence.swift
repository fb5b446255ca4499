import DurableCore

/// Tasks one after the other, where the output of each is the input of the next: what is in the braces of
/// ``DurableExecutor/sequentialTasks(_:_:)``.
public struct TaskSequence<Input: Sendable, Output: Sendable>: Sendable {
    let members: [TaskDefinition]
    let input: PayloadCodec<Input>
    let output: PayloadCodec<Output>
}

/// Chains the tasks that are written one below the other; the compiler sees to it that they fit.
@resultBuilder
public enum TaskSequenceBuilder {
    public static func buildPartialBlock<Input, Output>(
        first: DurableTask<Input, Output>
    ) -> TaskSequence<Input, Output> {
        TaskSequence(members: [first.definition], input: first.input, output: first.output)
    }

    public static func buildPartialBlock<Input, Middle, Output>(
        accumulated: TaskSequence<Input, Middle>,
        next: DurableTask<Middle, Output>
    ) -> TaskSequence<Input, Output> {
        TaskSequence(
            members: accumulated.members + [next.definition],
            input: accumulated.input,
            output: next.output
        )
    }
}
