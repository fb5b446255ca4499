package import DurableCore

/// An execution as clients see it: the answer of `getTaskExecution`.
///
/// Names, order and presence of the members are upstream's, but for `expiresAt`, which is there while it means something:
/// while the execution runs.
package struct ExecutionRecord: Sendable, Hashable {
    /// The execution that somebody enqueued, of which this one descends; absent for such a one itself.
    package var root: Reference?
    package var parent: Parent?
    package var taskID: TaskID
    /// The execution's id, opaque to clients.
    package var executionID: String
    /// The name that a sleeping execution is woken up by; its `input` is absent.
    package var sleepingUniqueID: String?
    package var areChildrenSequential: Bool
    package var retryOptions: RetryOptions
    package var sleepMsBeforeRun: Double
    package var timeoutMs: Int
    package var input: Payload
    /// The worker that makes the attempt, or made it when the execution was cancelled.
    package var executorID: String?
    package var status: ExecutionStatus
    package var output: Payload
    package var error: ExecutionError?
    package var retryAttempts: Int
    package var startAt: Timestamp
    package var startedAt: Timestamp?
    package var expiresAt: Timestamp?
    package var waitingForChildrenStartedAt: Timestamp?
    package var waitingForFinalizeStartedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// In order; empty in statuses that know of no children.
    package var children: [Reference]
    package var activeChildrenCount: Int
    package var finalize: Reference?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    /// An execution, named with its task.
    package struct Reference: Sendable, Hashable {
        package var taskID: TaskID
        package var executionID: String
    }

    /// Where a child belongs.
    package struct Parent: Sendable, Hashable {
        package var reference: Reference
        package var indexInParentChildren: Int
        package var isOnlyChildOfParent: Bool
        package var isFinalizeOfParent: Bool
    }

    /// What clients are shown of an execution.
    package init(_ execution: Execution) {
        let shown = Members(shownWhen: execution.status)
        root = (execution.family?.root).map(Reference.init)
        parent = execution.family.map(Parent.init)
        taskID = execution.taskID
        executionID = execution.id.description
        retryOptions = execution.options.retryOptions
        sleepMsBeforeRun = execution.options.sleepMsBeforeRun
        timeoutMs = execution.options.timeoutMs
        sleepingUniqueID = execution.sleepingUniqueID
        areChildrenSequential = execution.kind.isChain
        input = sleepingUniqueID == nil ? execution.input : .undefined
        status = execution.status
        retryAttempts = execution.retryAttempts
        startAt = execution.startAt
        createdAt = execution.createdAt
        updatedAt = execution.updatedAt
        output = shown.contains(.output) ? execution.output ?? .undefined : .undefined
        error = shown.contains(.error) ? execution.error : nil
        startedAt = shown.contains(.startedAt) ? execution.startedAt : nil
        // A worker that once had it is of no interest when it was cancelled while ready.
        executorID = shown.contains(.executorID) && startedAt != nil ? execution.workerID?.description : nil
        expiresAt = shown.contains(.expiresAt) ? execution.expiresAt : nil
        finishedAt = shown.contains(.finishedAt) ? execution.finishedAt : nil
        waitingForChildrenStartedAt = shown.contains(.waiting) ? execution.waitingForChildrenAt : nil
        waitingForFinalizeStartedAt = shown.contains(.waiting) ? execution.waitingForFinalizeAt : nil
        children = shown.contains(.children) ? execution.children.map(Reference.init) : []
        activeChildrenCount = shown.contains(.children) ? execution.activeChildren : 0
        finalize = shown.contains(.children) ? execution.finalize.map(Reference.init) : nil
    }

    /// The members that depend on the status.
    private struct Members: OptionSet {
        let rawValue: Int
        static let error = Members(rawValue: 1 << 0)
        static let output = Members(rawValue: 1 << 1)
        static let executorID = Members(rawValue: 1 << 2)
        static let startedAt = Members(rawValue: 1 << 3)
        static let expiresAt = Members(rawValue: 1 << 4)
        static let finishedAt = Members(rawValue: 1 << 5)
        static let children = Members(rawValue: 1 << 6)
        static let waiting = Members(rawValue: 1 << 7)

        init(rawValue: Int) { self.rawValue = rawValue }

        init(shownWhen status: ExecutionStatus) {
            switch status {
            case .ready: self = [.error]
            case .running: self = [.error, .executorID, .startedAt, .expiresAt]
            case .waitingForChildren, .waitingForFinalize: self = [.startedAt, .waiting, .children]
            case .completed: self = [.output, .startedAt, .waiting, .finishedAt, .children]
            case .failed, .timedOut: self = [.error, .startedAt, .finishedAt]
            case .finalizeFailed: self = [.error, .startedAt, .waiting, .finishedAt, .children]
            case .cancelled: self = [.error, .executorID, .startedAt, .waiting, .finishedAt, .children]
            }
        }
    }
}

extension ExecutionRecord {
    /// The body that carries the record.
    package func encode() -> [UInt8] {
        EnvelopeWriter.encode { write(to: &$0) }
    }

    /// Writes the record as one value of a body.
    package func write(to body: inout EnvelopeWriter) {
        body.object { record in
            if let root { record.member("root") { $0.object(root.writeMembers) } }
            if let parent { record.member("parent") { $0.object(parent.writeMembers) } }
            record.member("taskId", taskID.rawValue)
            record.member("executionId", executionID)
            if let sleepingUniqueID { record.member("sleepingTaskUniqueId", sleepingUniqueID) }
            record.member("areChildrenSequential", areChildrenSequential)
            record.member("retryOptions", retryOptions.json)
            record.member("sleepMsBeforeRun", sleepMsBeforeRun)
            record.member("timeoutMs", timeoutMs)
            record.member("input", input)
            if let executorID { record.member("executorId", executorID) }
            record.member("status", status.rawValue)
            record.member("output", output)
            if let error { record.member("error", error.json) }
            record.member("retryAttempts", retryAttempts)
            record.member("startAt", startAt)
            record.member("startedAt", startedAt)
            record.member("expiresAt", expiresAt)
            record.member("waitingForChildrenStartedAt", waitingForChildrenStartedAt)
            record.member("waitingForFinalizeStartedAt", waitingForFinalizeStartedAt)
            record.member("finishedAt", finishedAt)
            if Members(shownWhen: status).contains(.children) {
                record.member("children") { list in
                    list.array(children) { $0.object($1.writeMembers) }
                }
                record.member("activeChildrenCount", activeChildrenCount)
            }
            if let finalize { record.member("finalize") { $0.object(finalize.writeMembers) } }
            record.member("createdAt", createdAt)
            record.member("updatedAt", updatedAt)
        }
    }
}

extension ExecutionRecord.Reference {
    init(_ reference: ExecutionReference) {
        self.init(taskID: reference.taskID, executionID: reference.executionID.description)
    }

    fileprivate func writeMembers(to object: inout EnvelopeWriter) {
        object.member("taskId", taskID.rawValue)
        object.member("executionId", executionID)
    }
}

extension ExecutionRecord.Parent {
    init(_ family: Family) {
        var isOnly = false
        if case .child(_, isOnly: true) = family.role { isOnly = true }
        self.init(
            reference: ExecutionRecord.Reference(family.parent),
            indexInParentChildren: family.index,
            isOnlyChildOfParent: isOnly,
            isFinalizeOfParent: family.isFinalize
        )
    }

    fileprivate func writeMembers(to object: inout EnvelopeWriter) {
        reference.writeMembers(to: &object)
        object.member("indexInParentChildren", indexInParentChildren)
        object.member("isOnlyChildOfParent", isOnlyChildOfParent)
        object.member("isFinalizeOfParent", isFinalizeOfParent)
    }
}
