public import DurableCore

/// A task that an executor has registered: what its executions are enqueued and read with.
public struct DurableTask<Input: Sendable, Output: Sendable>: Sendable {
    /// Its name.
    public let id: TaskID
    /// What governs its executions, unless they are enqueued with other options.
    public let options: TaskOptions
    let input: PayloadCodec<Input>
    let output: PayloadCodec<Output>
}
