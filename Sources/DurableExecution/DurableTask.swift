import DurableCoding
public import DurableCore

/// A task that an executor has registered: what its executions are enqueued and read with, and what other tasks are made
/// of.
public struct DurableTask<Input: Sendable, Output: Sendable>: Sendable {
    /// Its name.
    public var id: TaskID { definition.id }
    /// What governs its executions, unless they are enqueued with other options.
    public var options: TaskOptions { definition.options }
    let definition: TaskDefinition
    let input: PayloadCodec<Input>
    let output: PayloadCodec<Output>

    /// An execution of the task as a child, for a parent to bring.
    ///
    /// ```swift
    /// Spawn(children: [add1.child(Number(n: 1)), add1.child(Number(n: 2), options: .init(timeoutMs: 500))])
    /// ```
    ///
    /// - Parameter options: Replace the task's own for this child.
    public func child(_ input: Input, options: EnqueueOptions = EnqueueOptions()) -> ChildTask {
        ChildTask(taskID: id, options: options) { [codec = self.input] in try codec.encode(input) }
    }

    /// The input in a payload, or what is wrong with it.
    func decodeInput(_ payload: Payload) throws(InvalidTask) -> Input {
        do {
            return try input.decode(payload)
        } catch {
            throw InvalidTask("Invalid input to task \(id): \(text(of: error))")
        }
    }
}

extension DurableTask where Input == Void {
    /// An execution of the task as a child, for a parent to bring.
    public func child(options: EnqueueOptions = EnqueueOptions()) -> ChildTask {
        child((), options: options)
    }
}
