/// What people want to know of an execution: how it stands, what was tried, what is below it, and why it is where it is.
package struct ExecutionReport: Sendable, Hashable {
    package var execution: Execution
    /// The attempts made at it, in order, the one under way included.
    package var attempts: [AttemptRecord]
    /// How many executions are right below it, be they told of or not.
    package var childCount: Int
    /// What is below it, within limits.
    package var children: [Descendant]
    /// How many workers are alive that serve its task.
    package var workers: Int

    /// - Parameter known: Executions below it that have been looked up; their payloads do not matter.
    package init(
        _ execution: Execution,
        attempts: [AttemptRecord] = [],
        known: [ExecutionID: Execution] = [:],
        workers: Int = 1
    ) {
        let tree = Descendant(execution, known: known)
        self.execution = execution
        self.attempts = attempts
        self.childCount = tree.childCount
        self.children = tree.children
        self.workers = workers
    }
}

extension ExecutionReport {
    /// Why the execution is where it is, in words: `retry 2 of 5 in 8 s`, `waiting for 3 of 10 children`.
    ///
    /// - Parameter now: For the relative times; a clock that is a little off makes them a little off.
    package func reason(at now: Timestamp) -> String {
        var text: String
        switch execution.status {
        case .ready: text = readiness(at: now)
        case .running: text = execution.kind == .sleeping ? sleep(at: now) : run(at: now)
        case .waitingForChildren: text = waiting
        case .waitingForFinalize: text = finalize
        case .completed, .failed, .timedOut, .finalizeFailed, .cancelled: return "finished: " + ending
        }
        if execution.leaseLosses > 0 {
            text += "; it has lost \(execution.leaseLosses) worker\(execution.leaseLosses == 1 ? "" : "s") so far"
        }
        if let deadline = execution.deadline, execution.kind != .sleeping {
            text += "; as a whole it times out at \(Self.moment(deadline, now))"
        }
        return text
    }

    private static func moment(_ time: Timestamp, _ now: Timestamp) -> String {
        "\(time) (\(time.relative(to: now)))"
    }

    private func readiness(at now: Timestamp) -> String {
        let retry = "retry \(execution.retryAttempts) of \(execution.options.retryOptions.maxAttempts)"
        let isRetry = execution.retryAttempts > 0
        let dueFor = now.milliseconds(since: execution.startAt)
        if dueFor < 0 {
            return isRetry
                ? "\(retry) \(execution.startAt.relative(to: now))"
                : "delayed until \(Self.moment(execution.startAt, now))"
        }
        let due = (isRetry ? "\(retry), " : "") + "due for \(TimeSpan(milliseconds: dueFor))"
        switch workers {
        case 0: return "\(due), but no worker serves this task"
        case 1: return "\(due), waiting for the one worker that serves this task to have room"
        default: return "\(due), waiting for one of the \(workers) workers that serve this task to have room"
        }
    }

    private func run(at now: Timestamp) -> String {
        let name = attempts.last { $0.end == .running }?.workerName ?? execution.workerID?.description
        var text = "running"
        if let name { text += " on \(name)" }
        if let startedAt = execution.startedAt { text += " since \(Self.moment(startedAt, now))" }
        if execution.retryAttempts > 0 {
            text += ", retry \(execution.retryAttempts) of \(execution.options.retryOptions.maxAttempts)"
        }
        if let expiresAt = execution.expiresAt { text += ", times out at \(Self.moment(expiresAt, now))" }
        return text
    }

    private func sleep(at now: Timestamp) -> String {
        var text = "asleep until woken up"
        if let name = execution.sleepingUniqueID { text += " as \"\(name)\"" }
        if let until = [execution.expiresAt, execution.deadline].compactMap(\.self).min() {
            text += ", at the latest until \(Self.moment(until, now))"
        }
        return text
    }

    private var waiting: String {
        let count = execution.children.count
        switch execution.kind {
        case .sequence(let members): return "waiting for member \(count) of \(members.count)"
        case .loop(let loop): return "waiting for iteration \(count) of at most \(loop.maxAttempts)"
        case .single, .parent, .sleeping:
            let children = count == 1 ? "child" : "children"
            return execution.activeChildren == 0
                ? "\(count) \(children) ended, the result is about to be made of them"
                : "waiting for \(execution.activeChildren) of \(count) \(children)"
        }
    }

    private var finalize: String {
        guard let finalize = execution.finalize else { return "waiting for its finalize execution" }
        let status = children.first { $0.reference == finalize }?.status
        return "waiting for its finalize execution \(finalize.executionID)"
            + (status.map { ", which is \($0.words)" } ?? "")
    }

    private var ending: String {
        var text = execution.status.words
        guard let error = execution.error else { return text }
        let made = execution.kind.isLeased ? max(execution.attempt, attempts.count) : 0
        if made > 0, execution.status != .cancelled { text += " after \(made) attempt\(made == 1 ? "" : "s")" }
        text += ": \(error.message)"
        if made > 0, execution.status == .failed || execution.status == .timedOut {
            text += error.isRetryable ? " (no retries left)" : " (not retryable)"
        }
        return text
    }
}

extension ExecutionStatus {
    fileprivate var words: String { String(rawValue.map { $0 == "_" ? " " : $0 }) }
}
