public import DurableCore

extension TaskOptions {
    /// Options from durations; a part of a millisecond of the timeout counts as a whole one.
    ///
    /// - Parameters:
    ///   - timeout: How long one attempt may take, at least a millisecond.
    ///   - retry: How often and how soon a failed attempt is tried again.
    ///   - sleepBeforeRun: The delay before the first attempt.
    public init(timeout: Duration, retry: RetryOptions = .none, sleepBeforeRun: Duration = .zero) {
        let milliseconds = (timeout / .milliseconds(1)).rounded(.up)
        self.init(
            timeoutMs: Int(exactly: milliseconds) ?? .max,
            retryOptions: retry,
            sleepMsBeforeRun: sleepBeforeRun / .milliseconds(1)
        )
    }
}
