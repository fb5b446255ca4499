package import DurableCore

/// An execution as clients see it: the answer of `getTaskExecution`.
///
/// Names, order and presence of the members are upstream's, but for `expiresAt`, which is there while it means something:
/// while the execution runs.
package struct ExecutionRecord: Sendable, Hashable {
    package var taskID: TaskID
    /// The execution's id, opaque to clients.
    package var executionID: String
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
    package var finishedAt: Timestamp?
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    /// What clients are shown of an execution.
    package init(_ execution: Execution) {
        let shown = Members(shownWhen: execution.status)
        taskID = execution.taskID
        executionID = execution.id.description
        retryOptions = execution.options.retryOptions
        sleepMsBeforeRun = execution.options.sleepMsBeforeRun
        timeoutMs = execution.options.timeoutMs
        input = execution.input
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

        init(rawValue: Int) { self.rawValue = rawValue }

        init(shownWhen status: ExecutionStatus) {
            switch status {
            case .ready: self = [.error]
            case .running: self = [.error, .executorID, .startedAt, .expiresAt]
            case .completed: self = [.output, .startedAt, .finishedAt, .children]
            case .failed, .timedOut: self = [.error, .startedAt, .finishedAt]
            case .cancelled: self = [.error, .executorID, .startedAt, .finishedAt, .children]
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
            record.member("taskId", taskID.rawValue)
            record.member("executionId", executionID)
            record.member("areChildrenSequential", false)
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
            record.member("finishedAt", finishedAt)
            if Members(shownWhen: status).contains(.children) {
                record.member("children", .array([]))
                record.member("activeChildrenCount", 0)
            }
            record.member("createdAt", createdAt)
            record.member("updatedAt", updatedAt)
        }
    }
}
