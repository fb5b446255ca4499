/// How often and how soon a failed attempt is tried again.
///
/// The delay before the retry after attempt `k` (0, 1, …) is `baseDelayMs * delayMultiplier^k`, at most `maxDelayMs`.
public struct RetryOptions: Sendable, Hashable {
    /// The number of retries after the first attempt, 0 to 1000.
    public var maxAttempts: Int
    /// The delay before the first retry in milliseconds, 0 to 3,600,000; `nil` is 0.
    public var baseDelayMs: Int?
    /// What each further delay is multiplied with, 0.1 to 10; `nil` is 1.
    public var delayMultiplier: Double?
    /// The longest delay in milliseconds, 0 to 86,400,000; `nil` is no limit.
    public var maxDelayMs: Int?
    /// How much of a delay is left to chance, 0 to 1: with 0.2 the delay is 80 % to 100 % of what was computed; `nil` is 0.
    public var jitter: Double?

    public init(
        maxAttempts: Int,
        baseDelayMs: Int? = nil,
        delayMultiplier: Double? = nil,
        maxDelayMs: Int? = nil,
        jitter: Double? = nil
    ) {
        self.maxAttempts = maxAttempts
        self.baseDelayMs = baseDelayMs
        self.delayMultiplier = delayMultiplier
        self.maxDelayMs = maxDelayMs
        self.jitter = jitter
    }

    public static let none = RetryOptions(maxAttempts: 0)

    /// Refuses values out of range, naming the field, the task and what is allowed.
    public func validate(for task: TaskID) throws(InvalidTask) {
        func require(_ isValid: Bool, _ expectation: String) throws(InvalidTask) {
            guard isValid else { throw InvalidTask.retryOptions(of: task, expectation) }
        }
        try require(
            (0...1000).contains(maxAttempts),
            "maxAttempts must be an integer from 0 to 1000, got \(maxAttempts)"
        )
        if let baseDelayMs {
            try require(
                (0...3_600_000).contains(baseDelayMs),
                "baseDelayMs must be an integer from 0 to 3600000, got \(baseDelayMs)"
            )
        }
        if let delayMultiplier {
            try require(
                (0.1...10).contains(delayMultiplier),
                "delayMultiplier must be a number from 0.1 to 10, got \(delayMultiplier)"
            )
        }
        if let maxDelayMs {
            try require(
                (0...86_400_000).contains(maxDelayMs),
                "maxDelayMs must be an integer from 0 to 86400000, got \(maxDelayMs)"
            )
            try require(maxDelayMs >= baseDelayMs ?? 0, "maxDelayMs must be greater than or equal to baseDelayMs")
        }
        if let jitter {
            try require((0...1).contains(jitter), "jitter must be a number from 0 to 1, got \(jitter)")
        }
    }

    /// The delay in milliseconds before the retry that follows the attempt of that number (0 for the first).
    ///
    /// - Parameter chance: 0 to 1, drawn by the caller; decides how much of ``jitter`` is taken off.
    public func delay(afterAttempt attempt: Int, chance: Double) -> Double {
        var delay = Double(baseDelayMs ?? 0)
        if delay > 0, let delayMultiplier {
            for _ in 0..<attempt where delay.isFinite && delay > 0 { delay *= delayMultiplier }
        }
        if let maxDelayMs { delay = min(delay, Double(maxDelayMs)) }
        return delay * (1 - (jitter ?? 0) * chance)
    }
}

/// What governs an execution; fixed in its row when it is enqueued.
public struct TaskOptions: Sendable, Hashable {
    public var retryOptions: RetryOptions
    /// The delay before the first attempt in milliseconds, at least 0; fractions are allowed.
    public var sleepMsBeforeRun: Double
    /// How long one attempt may take in milliseconds, 1 to 2^53 − 1.
    public var timeoutMs: Int

    public init(timeoutMs: Int, retryOptions: RetryOptions = .none, sleepMsBeforeRun: Double = 0) {
        self.retryOptions = retryOptions
        self.sleepMsBeforeRun = sleepMsBeforeRun
        self.timeoutMs = timeoutMs
    }

    /// The largest integer that every JSON reader keeps exact: 2^53 − 1.
    public static let largestInteger = 9_007_199_254_740_991

    /// Refuses values out of range, naming the field, the task and what is allowed.
    public func validate(for task: TaskID) throws(InvalidTask) {
        try retryOptions.validate(for: task)
        guard sleepMsBeforeRun.isFinite, sleepMsBeforeRun >= 0 else {
            throw InvalidTask.sleep(of: task, "expected a number of at least 0, got \(sleepMsBeforeRun)")
        }
        guard (1...Self.largestInteger).contains(timeoutMs) else {
            throw InvalidTask.timeout(
                of: task,
                "expected an integer from 1 to \(Self.largestInteger), got \(timeoutMs)"
            )
        }
    }

    /// These options with those of one enqueueing in their place; retry options are replaced as a whole.
    public func overridden(by options: EnqueueOptions) -> TaskOptions {
        TaskOptions(
            timeoutMs: options.timeoutMs ?? timeoutMs,
            retryOptions: options.retryOptions ?? retryOptions,
            sleepMsBeforeRun: options.sleepMsBeforeRun ?? sleepMsBeforeRun
        )
    }
}

/// What a caller may say about one execution; `nil` leaves the task's own value.
public struct EnqueueOptions: Sendable, Hashable {
    public var retryOptions: RetryOptions?
    public var sleepMsBeforeRun: Double?
    public var timeoutMs: Int?
    /// Makes enqueueing idempotent: a second enqueueing of the task with the same key answers with the first's execution.
    public var idempotencyKey: String?
    /// An execution of higher priority is leased before one of lower, whatever their age: -100 to 100; `nil` is the
    /// parent's, or 0.
    public var priority: Int?
    /// How long the whole execution may take in milliseconds, delays, retries and children included.
    ///
    /// Not finished by then, it is `timed_out`. 1 to 2^53 − 1; `nil` is no limit.
    public var expiresInMs: Int?

    public init(
        retryOptions: RetryOptions? = nil,
        sleepMsBeforeRun: Double? = nil,
        timeoutMs: Int? = nil,
        idempotencyKey: String? = nil,
        priority: Int? = nil,
        expiresInMs: Int? = nil
    ) {
        self.retryOptions = retryOptions
        self.sleepMsBeforeRun = sleepMsBeforeRun
        self.timeoutMs = timeoutMs
        self.idempotencyKey = idempotencyKey
        self.priority = priority
        self.expiresInMs = expiresInMs
    }

    /// The longest idempotency key in UTF-8 bytes.
    public static let longestIdempotencyKey = 255
    /// The priorities there are.
    public static let priorities = -100...100

    /// Refuses what is out of range; the options that a task has too are checked once they are merged with the task's.
    public func validate(for task: TaskID) throws(InvalidTask) {
        if let priority, !Self.priorities.contains(priority) {
            throw InvalidTask.priority(of: task, "expected an integer from -100 to 100, got \(priority)")
        }
        if let expiresInMs, !(1...TaskOptions.largestInteger).contains(expiresInMs) {
            throw InvalidTask.expiry(
                of: task,
                "expected an integer from 1 to \(TaskOptions.largestInteger), got \(expiresInMs)"
            )
        }
        guard let idempotencyKey else { return }
        guard (1...Self.longestIdempotencyKey).contains(idempotencyKey.utf8.count), !idempotencyKey.contains("\0")
        else {
            throw InvalidTask.idempotencyKey(
                of: task,
                "expected a text of 1 to \(Self.longestIdempotencyKey) bytes without NUL, "
                    + "got \(idempotencyKey.utf8.count) bytes"
            )
        }
    }
}

/// A task definition or enqueue options that cannot be accepted; the message is written for whoever sent them.
public struct InvalidTask: Error, Sendable, Hashable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public static func timeout(of task: TaskID, _ reason: String) -> InvalidTask {
        InvalidTask("Invalid timeout value for task \(task): \(reason)")
    }

    public static func retryOptions(of task: TaskID, _ reason: String) -> InvalidTask {
        InvalidTask("Invalid retry options for task \(task): \(reason)")
    }

    public static func sleep(of task: TaskID, _ reason: String) -> InvalidTask {
        InvalidTask("Invalid sleep ms before run for task \(task): \(reason)")
    }

    public static func idempotencyKey(of task: TaskID, _ reason: String) -> InvalidTask {
        InvalidTask("Invalid idempotency key for task \(task): \(reason)")
    }

    public static func priority(of task: TaskID, _ reason: String) -> InvalidTask {
        InvalidTask("Invalid priority for task \(task): \(reason)")
    }

    public static func expiry(of task: TaskID, _ reason: String) -> InvalidTask {
        InvalidTask("Invalid expires in ms for task \(task): \(reason)")
    }

    public var description: String { message }
}
