package import DurableCore

/// An execution as people see it: the answer of `inspectTaskExecution`.
package struct InspectionRecord: Sendable, Hashable {
    package var execution: ExecutionRecord
    /// Why it is where it is, in words.
    package var reason: String
    package var priority: Int
    /// When it is timed out as a whole; absent is never.
    package var deadline: Timestamp?
    /// How many of its leases ended with the death of their worker.
    package var leaseLosses: Int
    /// In order, the one under way included.
    package var attempts: [AttemptRecord]
    /// How many executions are right below it, be they told of or not.
    package var childCount: Int
    /// What is below it, within limits.
    package var children: [Descendant]

    /// - Parameter now: What the reason's relative times are relative to.
    package init(_ report: ExecutionReport, at now: Timestamp) {
        execution = ExecutionRecord(report.execution)
        reason = report.reason(at: now)
        priority = report.execution.priority
        deadline = report.execution.deadline
        leaseLosses = report.execution.leaseLosses
        attempts = report.attempts
        childCount = report.childCount
        children = report.children
    }
}

extension InspectionRecord {
    /// The body that carries it.
    package func encode() -> [UInt8] {
        EnvelopeWriter.encode { body in
            body.object { inspection in
                inspection.member("execution") { execution.write(to: &$0) }
                inspection.member("reason", reason)
                inspection.member("priority", priority)
                inspection.member("deadline", deadline)
                inspection.member("leaseLosses", leaseLosses)
                inspection.member("attempts") { list in
                    list.array(attempts) { $0.object($1.writeMembers) }
                }
                inspection.member("childCount", childCount)
                inspection.member("children") { list in
                    list.array(children) { $0.object($1.writeMembers) }
                }
            }
        }
    }

    /// Reads it out of an answer, and passes over members that are not known.
    package init(_ value: WireValue) throws(MalformedRecord) {
        guard let members = value.members else { throw MalformedRecord(member: nil) }
        let reader = RecordReader(members: members)
        execution = try ExecutionRecord(members["execution"])
        reason = try reader.require("reason") { $0.string }
        priority = try reader.require("priority") { $0.integer }
        deadline = try reader.optional("deadline") { Timestamp($0) }
        leaseLosses = try reader.require("leaseLosses") { $0.integer }
        attempts = try reader.require("attempts") { $0.array?.all(AttemptRecord.init) }
        childCount = try reader.require("childCount") { $0.integer }
        children = try reader.require("children") { $0.array?.all(Descendant.init) }
    }
}

extension AttemptRecord {
    fileprivate func writeMembers(to object: inout EnvelopeWriter) {
        object.member("attempt", attempt)
        if let workerID { object.member("workerId", workerID.description) }
        if let workerName { object.member("workerName", workerName) }
        object.member("startedAt", startedAt)
        object.member("endedAt", endedAt)
        object.member("end", end.rawValue)
        if let error { object.member("error", error.json) }
    }

    fileprivate init?(_ json: JSON) {
        guard let attempt = json["attempt"]?.integer, let startedAt = json["startedAt"].flatMap(Timestamp.init),
            let end = json["end"]?.string.flatMap(End.init)
        else { return nil }
        self.init(
            attempt: attempt,
            workerID: json["workerId"]?.string.flatMap { WorkerID($0) },
            workerName: json["workerName"]?.string,
            startedAt: startedAt,
            endedAt: json["endedAt"].flatMap(Timestamp.init),
            end: end,
            error: json["error"].flatMap(ExecutionError.init)
        )
    }
}

extension Descendant {
    fileprivate func writeMembers(to object: inout EnvelopeWriter) {
        object.member("taskId", reference.taskID.rawValue)
        object.member("executionId", reference.executionID.description)
        object.member("status", status.rawValue)
        object.member("index", index)
        object.member("isFinalize", isFinalize)
        if let error { object.member("error", error.json) }
        object.member("childCount", childCount)
        object.member("children") { list in
            list.array(children) { $0.object($1.writeMembers) }
        }
    }

    fileprivate init?(_ json: JSON) {
        guard let taskID = json["taskId"]?.string,
            let executionID = json["executionId"]?.string.flatMap({ ExecutionID($0) }),
            let status = json["status"]?.string.flatMap(ExecutionStatus.init),
            let children = json["children"]?.array?.all(Descendant.init)
        else { return nil }
        self.init(
            reference: ExecutionReference(taskID: TaskID(taskID), executionID: executionID),
            status: status,
            index: json["index"]?.integer ?? 0,
            isFinalize: json["isFinalize"]?.bool ?? false,
            error: json["error"].flatMap(ExecutionError.init),
            childCount: json["childCount"]?.integer ?? children.count,
            children: children
        )
    }
}

extension [JSON] {
    /// What is made of each, or `nil` when one of them cannot be read.
    fileprivate func all<Value>(_ read: (JSON) -> Value?) -> [Value]? {
        let values = compactMap(read)
        return values.count == count ? values : nil
    }
}
