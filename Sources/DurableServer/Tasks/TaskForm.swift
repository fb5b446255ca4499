/// What a task of a tasks file is, as its keys tell.
enum TaskForm: String, CaseIterable {
    /// It calls a procedure; the procedure of a parent may bring children.
    case procedure
    case sequential
    case looping
    case sleeping

    /// What it may be told.
    var keys: [String] {
        switch self {
        case .procedure:
            ["procedure", "timeoutMs", "retryOptions", "sleepMsBeforeRun", "parent", "finalize", "onChildFailure"]
        case .sequential: ["sequential", "sleepMsBeforeRun"]
        case .looping: ["looping", "maxAttempts", "sleepMsBeforeRun"]
        case .sleeping: ["sleeping", "timeoutMs"]
        }
    }

    /// What tasks may be told, whatever they are.
    static let allKeys = allCases.flatMap(\.keys).reduce(into: [String]()) { keys, key in
        if !keys.contains(key) { keys.append(key) }
    }

    /// What is wrong with a key that is for others; the end of a sentence.
    func refusal(of key: String) -> String {
        let known = "known are \(keys.joined(separator: ", "))"
        return switch (self, key) {
        case (.procedure, "maxAttempts"): "\"maxAttempts\" is for loops; the number of retries is in retryOptions"
        case (.procedure, _): "\"\(key)\" is for other tasks than those that call a procedure; \(known)"
        case (.sequential, _): "a sequence has no \"\(key)\", its members have their own; \(known)"
        case (.looping, _): "a loop has no \"\(key)\", its iterations have their own; \(known)"
        case (.sleeping, _): "a sleeping task has no \"\(key)\"; known are \(keys.joined(separator: ", "))"
        }
    }
}
