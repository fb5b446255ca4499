import DurableCore

/// Why an answer is no execution record.
package struct MalformedRecord: Error, Sendable, Hashable, CustomStringConvertible {
    /// The member that is missing or not understood; `nil` when the answer is no object at all.
    package let member: String?

    package var description: String {
        guard let member else { return "The answer is not an execution record" }
        return "The answer is not an execution record: its member \(member) is missing or not understood"
    }
}

extension ExecutionRecord {
    /// Reads a record out of an answer, and passes over members that are not known.
    package init(_ value: WireValue) throws(MalformedRecord) {
        guard let members = value.members else { throw MalformedRecord(member: nil) }
        let reader = RecordReader(members: members)
        guard let status = ExecutionStatus(rawValue: try reader.require("status") { $0.string }) else {
            throw MalformedRecord(member: "status")
        }
        self.status = status
        root = try reader.optional("root") { ExecutionRecord.Reference($0) }
        parent = try reader.optional("parent") { ExecutionRecord.Parent($0) }
        sleepingUniqueID = try reader.optional("sleepingTaskUniqueId") { $0.string }
        // Upstream's older version has none of these.
        areChildrenSequential = try reader.optional("areChildrenSequential") { $0.bool } ?? false
        children = try reader.optional("children", references) ?? []
        activeChildrenCount = try reader.optional("activeChildrenCount") { $0.integer } ?? 0
        finalize = try reader.optional("finalize") { ExecutionRecord.Reference($0) }
        waitingForChildrenStartedAt = try reader.optional("waitingForChildrenStartedAt") { Timestamp($0) }
        waitingForFinalizeStartedAt = try reader.optional("waitingForFinalizeStartedAt") { Timestamp($0) }
        taskID = TaskID(try reader.require("taskId") { $0.string })
        executionID = try reader.require("executionId") { $0.string }
        retryOptions = try reader.require("retryOptions") { try? RetryOptions($0, for: "") }
        sleepMsBeforeRun = try reader.require("sleepMsBeforeRun") { $0.double }
        timeoutMs = try reader.require("timeoutMs") { $0.integer }
        input = members["input"].payload
        executorID = try reader.optional("executorId") { $0.string }
        output = members["output"].payload
        error = try reader.optional("error") { ExecutionError($0) }
        retryAttempts = try reader.require("retryAttempts") { $0.integer }
        startAt = try reader.require("startAt") { Timestamp($0) }
        startedAt = try reader.optional("startedAt") { Timestamp($0) }
        expiresAt = try reader.optional("expiresAt") { Timestamp($0) }
        finishedAt = try reader.optional("finishedAt") { Timestamp($0) }
        createdAt = try reader.require("createdAt") { Timestamp($0) }
        updatedAt = try reader.require("updatedAt") { Timestamp($0) }
    }
}

extension Timestamp {
    /// Reads a date as it stands in a body.
    init?(_ json: JSON) {
        guard let text = json.string else { return nil }
        self.init(iso8601: text)
    }
}

private func references(_ json: JSON) -> [ExecutionRecord.Reference]? {
    guard let elements = json.array else { return nil }
    let references = elements.compactMap(ExecutionRecord.Reference.init)
    return references.count == elements.count ? references : nil
}

extension ExecutionRecord.Reference {
    fileprivate init?(_ json: JSON) {
        guard let taskID = json["taskId"]?.string, let executionID = json["executionId"]?.string else { return nil }
        self.init(taskID: TaskID(taskID), executionID: executionID)
    }
}

extension ExecutionRecord.Parent {
    fileprivate init?(_ json: JSON) {
        guard let reference = ExecutionRecord.Reference(json) else { return nil }
        self.init(
            reference: reference,
            indexInParentChildren: json["indexInParentChildren"]?.integer ?? 0,
            isOnlyChildOfParent: json["isOnlyChildOfParent"]?.bool ?? false,
            isFinalizeOfParent: json["isFinalizeOfParent"]?.bool ?? false
        )
    }
}
