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
    /// The execution that somebody enqueued, of which this one descends; `nil` for such a one itself.
    public let root: ExecutionReference?
    /// The execution that brought it; `nil` for one that somebody enqueued.
    public let parent: ExecutionReference?
    /// Its place among its parent's children, from 0; `nil` for one that is nobody's child.
    public let indexInParent: Int?
    /// Whether it is its parent's finalize execution.
    public let isFinalize: Bool
    /// The executions that it brought, in order; none before its attempt has ended well.
    ///
    /// Of a sequence or loop these are the members and iterations up to now.
    public let children: [ExecutionReference]
    /// How many of its children have not ended.
    public let activeChildren: Int
    /// The execution that makes its result out of its children's; `nil` before their end, and without a finalize task.
    public let finalize: ExecutionReference?
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
    /// When it began to wait for its children; absent when it never did.
    public let waitingForChildrenAt: Date?
    /// When it began to wait for its finalize execution; absent when it never did.
    public let waitingForFinalizeAt: Date?
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
        root = record.root.flatMap(ExecutionReference.init)
        parent = (record.parent?.reference).flatMap(ExecutionReference.init)
        isFinalize = record.parent?.isFinalizeOfParent ?? false
        indexInParent = isFinalize ? nil : record.parent?.indexInParentChildren
        children = record.children.compactMap(ExecutionReference.init)
        activeChildren = record.activeChildrenCount
        finalize = record.finalize.flatMap(ExecutionReference.init)
        createdAt = record.createdAt.date
        updatedAt = record.updatedAt.date
        startAt = record.startAt.date
        startedAt = record.startedAt?.date
        expiresAt = record.expiresAt?.date
        waitingForChildrenAt = record.waitingForChildrenStartedAt?.date
        waitingForFinalizeAt = record.waitingForFinalizeStartedAt?.date
        finishedAt = record.finishedAt?.date
    }
}

extension ExecutionReference {
    /// `nil` for an id that is none of ours.
    fileprivate init?(_ reference: ExecutionRecord.Reference) {
        guard let id = ExecutionID(reference.executionID) else { return nil }
        self.init(taskID: reference.taskID, executionID: id)
    }
}
