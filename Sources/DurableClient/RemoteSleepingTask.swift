public import DurableCoding
public import DurableCore
import DurableWire

/// A task of a service whose executions wait to be woken up: by a webhook, by a person, by another program.
///
/// The input of such an execution is the name that it is woken up by, unique among all sleepers of the service.
///
/// Everything here throws ``DurableClientError``, or `CancellationError` when the calling task is cancelled.
public struct RemoteSleepingTask<Output: Sendable>: Sendable {
    /// The task as any other: to enqueue its executions, to read, await, cancel and retry them.
    public let task: RemoteTask<String, Output>
    let encode: @Sendable (Output) throws -> Payload

    /// Its name in the service's tasks file, or in Swift.
    public var id: TaskID { task.id }

    /// Completes the execution of that name with an output.
    ///
    /// - Returns: The execution as it then is: completed, or unchanged when it had finished before. `nil` when it does not
    ///   exist yet and the service keeps the wake-up for it.
    @discardableResult
    public func wakeUp(_ uniqueID: String, with output: Output) async throws -> ExecutionSnapshot<Output>? {
        let payload: Payload
        do {
            payload = try encode(output)
        } catch {
            throw DurableClientError.invalidInput(reason: text(of: error))
        }
        return try await wake(uniqueID) { options in
            options.member("status", "completed")
            options.member("output", payload)
        }
    }

    /// Fails the execution of that name.
    ///
    /// - Returns: As ``wakeUp(_:with:)``.
    @discardableResult
    public func fail(_ uniqueID: String, because message: String) async throws -> ExecutionSnapshot<Output>? {
        try await wake(uniqueID) { options in
            options.member("status", "failed")
            options.member("error") { $0.object { $0.member("message", message) } }
        }
    }

    private func wake(
        _ uniqueID: String,
        _ writeOptions: (inout EnvelopeWriter) -> Void
    ) async throws -> ExecutionSnapshot<Output>? {
        let answer = try await task.client.call("wakeupSleepingTaskExecution") { body in
            body.object { request in
                request.member("taskId", id.rawValue)
                request.member("sleepingTaskUniqueId", uniqueID)
                request.member("options") { $0.object(writeOptions) }
            }
        }
        if case .null? = try? answer.json() { return nil }
        return try task.snapshot(answer)
    }
}

extension RemoteSleepingTask where Output == Void {
    /// Completes the execution of that name.
    ///
    /// - Returns: As ``wakeUp(_:with:)``.
    @discardableResult
    public func wakeUp(_ uniqueID: String) async throws -> ExecutionSnapshot<Void>? {
        try await wakeUp(uniqueID, with: ())
    }
}
