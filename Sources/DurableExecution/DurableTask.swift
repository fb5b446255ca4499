public import DurableCore

/// A task that an executor has registered: what its executions are enqueued and read with.
public struct DurableTask<Input: Sendable, Output: Sendable>: Sendable {
    public let id: TaskID
    public let options: TaskOptions
    let input: PayloadCodec<Input>
    let output: PayloadCodec<Output>
}
