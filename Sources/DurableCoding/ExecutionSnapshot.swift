public import DurableCore
package import DurableWire

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An execution as it stood when it was asked for, with its output as a Swift value.
public struct ExecutionSnapshot<Output: Sendable>: Sendable {
    public let id: ExecutionID
    public let taskID: TaskID
    public let options: TaskOptions
    public let status: ExecutionStatus
    /// What the task returned; present when completed.
    public let output: Output?
    /// Why it finished without an output, or, while it is ready or running again, why the attempt before failed.
    public let error: ExecutionError?
    /// How many retries have been used up.
    public let retryAttempts: Int
    public let createdAt: Date
    public let updatedAt: Date
    /// When it may be leased, or might when it last was ready.
    public let startAt: Date
    /// When its latest attempt began; absent while it is ready.
    public let startedAt: Date?
    /// When the running attempt times out; absent unless running.
    public let expiresAt: Date?
    public let finishedAt: Date?

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
