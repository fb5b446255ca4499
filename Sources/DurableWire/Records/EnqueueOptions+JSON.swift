package import DurableCore

extension EnqueueOptions {
    /// Reads the `options` of an enqueueing, and refuses what is of the wrong type or out of range.
    ///
    /// `null` is as good as absent, everywhere. Options that are no object, and members that mean nothing, are ignored, as
    /// upstream does. Retry options are whole: what they leave out is not taken from the task.
    ///
    /// - Parameter task: Named in what is thrown.
    package init(_ json: JSON?, for task: TaskID) throws(InvalidTask) {
        self.init()
        guard let json else { return }
        if let retry = json.present("retryOptions") {
            retryOptions = try RetryOptions(retry, for: task)
        }
        if let sleep = json.present("sleepMsBeforeRun") {
            guard let milliseconds = sleep.double, milliseconds.isFinite else {
                throw .sleep(of: task, "expected a number of at least 0, got \(sleep.summary)")
            }
            sleepMsBeforeRun = milliseconds
        }
        if let timeout = json.present("timeoutMs") {
            guard let milliseconds = timeout.integer else {
                throw .timeout(
                    of: task,
                    "expected an integer from 1 to \(TaskOptions.largestInteger), got \(timeout.summary)"
                )
            }
            timeoutMs = milliseconds
        }
        if let key = json.present("idempotencyKey") {
            guard let text = key.string else {
                throw .idempotencyKey(of: task, "expected a text, got \(key.summary)")
            }
            idempotencyKey = text
        }
        if let priority = json.present("priority") {
            guard let integer = priority.integer else {
                throw .priority(of: task, "expected an integer from -100 to 100, got \(priority.summary)")
            }
            self.priority = integer
        }
        if let expiry = json.present("expiresInMs") {
            guard let milliseconds = expiry.integer else {
                throw .expiry(
                    of: task,
                    "expected an integer from 1 to \(TaskOptions.largestInteger), got \(expiry.summary)"
                )
            }
            expiresInMs = milliseconds
        }
        try validate(for: task)
        try TaskOptions(timeoutMs: 1).overridden(by: self).validate(for: task)
    }

    /// The options as they travel; `nil` when there are none.
    package var json: JSON? {
        var members: [JSON.Member] = []
        if let retryOptions { members.append(JSON.Member("retryOptions", retryOptions.json)) }
        if let sleepMsBeforeRun { members.append(JSON.Member("sleepMsBeforeRun", .number(sleepMsBeforeRun))) }
        if let timeoutMs { members.append(JSON.Member("timeoutMs", .number(timeoutMs))) }
        if let idempotencyKey { members.append(JSON.Member("idempotencyKey", .string(idempotencyKey))) }
        if let priority { members.append(JSON.Member("priority", .number(priority))) }
        if let expiresInMs { members.append(JSON.Member("expiresInMs", .number(expiresInMs))) }
        return members.isEmpty ? nil : .object(members)
    }
}

extension RetryOptions {
    /// Reads retry options; the types are checked here, the ranges by ``validate(for:)``.
    package init(_ json: JSON, for task: TaskID) throws(InvalidTask) {
        guard case .object = json else {
            throw .retryOptions(of: task, "expected an object, got \(json.summary)")
        }
        func integer(_ name: StaticString, upTo maximum: Int) throws(InvalidTask) -> Int? {
            guard let value = json.present(name) else { return nil }
            guard let integer = value.integer else {
                throw .retryOptions(of: task, "\(name) must be an integer from 0 to \(maximum), got \(value.summary)")
            }
            return integer
        }
        func number(_ name: StaticString, _ range: String) throws(InvalidTask) -> Double? {
            guard let value = json.present(name) else { return nil }
            guard let number = value.double, number.isFinite else {
                throw .retryOptions(of: task, "\(name) must be a number from \(range), got \(value.summary)")
            }
            return number
        }
        guard let maxAttempts = try integer("maxAttempts", upTo: 1000) else {
            throw .retryOptions(of: task, "maxAttempts is missing; it must be an integer from 0 to 1000")
        }
        self.init(
            maxAttempts: maxAttempts,
            baseDelayMs: try integer("baseDelayMs", upTo: 3_600_000),
            delayMultiplier: try number("delayMultiplier", "0.1 to 10"),
            maxDelayMs: try integer("maxDelayMs", upTo: 86_400_000),
            jitter: try number("jitter", "0 to 1")
        )
    }

    /// The options as they travel: members that are not set are absent.
    package var json: JSON {
        var members = [JSON.Member("maxAttempts", .number(maxAttempts))]
        if let baseDelayMs { members.append(JSON.Member("baseDelayMs", .number(baseDelayMs))) }
        if let delayMultiplier { members.append(JSON.Member("delayMultiplier", .number(delayMultiplier))) }
        if let maxDelayMs { members.append(JSON.Member("maxDelayMs", .number(maxDelayMs))) }
        if let jitter { members.append(JSON.Member("jitter", .number(jitter))) }
        return .object(members)
    }
}

extension JSON {
    /// A member that is there and not `null`.
    fileprivate func present(_ name: StaticString) -> JSON? {
        self[name].flatMap { $0.isNull ? nil : $0 }
    }

    /// The value as far as a message about it needs it.
    fileprivate var summary: String {
        switch self {
        case .null, .bool, .number, .string:
            let text = String(decoding: encode(), as: UTF8.self)
            return text.count <= 50 ? text : "\(text.prefix(50))…"
        case .array: return "an array"
        case .object: return "an object"
        }
    }
}
