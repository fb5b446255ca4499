public import DurableCore
package import DurableWire

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An execution as it stood when it was asked for, with its output as a Swift value.
public struct ExecutionSnapshot<Output: Sendable>: Sendable {
    /// What the execution is known by.
    public let id: ExecutionID
    /// The task that it is an execution of.
    public let taskID: TaskID
    /// What governs it: the task's options, with those of the enqueueing in their place.
    public let options: TaskOptions
    /// Where it stands.
    public let status: ExecutionStatus
    /// What the task returned; present when completed.
    public let output: Output?
    /// Why it finished without an output, or, while it is ready or running again, why the attempt before failed.
    public let error: ExecutionError?
    /// How many retries have been used up.
    public let retryAttempts: Int
    /// When it was enqueued.
    public let createdAt: Date
    /// When anything about it last changed.
    public let updatedAt: Date
    /// When it may be leased, or might when it last was ready.
    public let startAt: Date
    /// When its latest attempt began; absent while it is ready.
    public let startedAt: Date?
    /// When the running attempt times out; absent unless running.
    public let expiresAt: Date?
    /// When it finished; absent until then.
    public let finishedAt: Date?

    /// Whether nothing will change any more.
    public var isFinished: Bool { status.isFinished }

    /// What came of it: the output, or the error it ended with; `nil` until it has finished.
    public var result: Result<Output, ExecutionError>? {
        guard isFinished else { return nil }
        if let output { return .success(output) }
        return error.map { .failure($0) }
    }

    /// - Parameter decode: Makes a value of the output; called only when there is one.
    package init(
        _ record: ExecutionRecord,
        of id: ExecutionID,
        decodingOutput decode: (Payload) throws -> Output
    ) rethrows {
        self.id = id
        taskID = record.taskID
        options = TaskOptions(
            timeoutMs: record.timeoutMs,
            retryOptions: record.retryOptions,
            sleepMsBeforeRun: record.sleepMsBeforeRun
        )
        status = record.status
        output = record.status == .completed ? try decode(record.output) : nil
        error = record.error
        retryAttempts = record.retryAttempts
        createdAt = record.createdAt.date
        updatedAt = record.updatedAt.date
        startAt = record.startAt.date
        startedAt = record.startedAt?.date
        expiresAt = record.expiresAt?.date
        finishedAt = record.finishedAt?.date
    }
}
