import DurableCoding
public import DurableCore

/// Naming tasks of the service, with the types of what goes in and comes out. Nothing is sent for it.
extension DurableClient {
    /// A task with input and output.
    public func task<Input: Encodable & Sendable, Output: Decodable & Sendable>(
        _ id: TaskID,
        input: Input.Type,
        output: Output.Type
    ) -> RemoteTask<Input, Output> {
        RemoteTask(id: id, client: self, encode: Self.encode, decode: Self.decode)
    }

    /// A task without input.
    public func task<Output: Decodable & Sendable>(_ id: TaskID, output: Output.Type) -> RemoteTask<Void, Output> {
        RemoteTask(id: id, client: self, encode: { .undefined }, decode: Self.decode)
    }

    /// A task whose output, if any, is of no interest.
    public func task<Input: Encodable & Sendable>(_ id: TaskID, input: Input.Type) -> RemoteTask<Input, Void> {
        RemoteTask(id: id, client: self, encode: Self.encode, decode: { _ in })
    }

    /// A task without input, whose output, if any, is of no interest.
    public func task(_ id: TaskID) -> RemoteTask<Void, Void> {
        RemoteTask(id: id, client: self, encode: { .undefined }, decode: { _ in })
    }

    /// A sleeping task whose executions are woken up with an output.
    public func sleepingTask<Output: Codable & Sendable>(_ id: TaskID, output: Output.Type) -> RemoteSleepingTask<
        Output
    > {
        RemoteSleepingTask(task: task(id, input: String.self, output: output), encode: Self.encode)
    }

    /// A sleeping task whose executions are woken up without an output.
    public func sleepingTask(_ id: TaskID) -> RemoteSleepingTask<Void> {
        RemoteSleepingTask(task: task(id, input: String.self), encode: { .undefined })
    }

    private static func encode(_ value: some Encodable) throws -> Payload { try PayloadEncoder().encode(value) }

    private static func decode<Value: Decodable>(_ payload: Payload) throws -> Value {
        try PayloadDecoder().decode(Value.self, from: payload)
    }
}
