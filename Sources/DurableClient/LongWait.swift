/// The course of a wait that is made of many requests: how long the next may take, and when to give up.
struct LongWait {
    private let clock = ContinuousClock()
    private let end: ContinuousClock.Instant?
    private let patience: Duration
    private var failingSince: ContinuousClock.Instant?
    private var pause = Self.shortestPause

    /// As long as the service holds back an answer by default.
    private static let longestPoll = Duration.seconds(25)
    private static let shortestPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(5)
    /// As good as for ever; a clock cannot overflow.
    private static let longestWait = Duration.seconds(10 * 365 * 86_400)

    init(timeout: Duration?, patience: Duration) {
        end = timeout.map { [clock] in clock.now.advanced(by: min($0, Self.longestWait)) }
        self.patience = patience
    }

    /// Whether the caller's time is up.
    var isOver: Bool { end.map { $0 <= clock.now } ?? false }

    /// How long the service may hold back the next answer.
    func nextPoll() -> Duration {
        guard let end else { return Self.longestPoll }
        return max(.zero, min(clock.now.duration(to: end), Self.longestPoll))
    }

    mutating func wasAnswered() {
        failingSince = nil
        pause = Self.shortestPause
    }

    /// Pauses before the next try.
    ///
    /// - Throws: The error itself, when the time is up or the service has failed for longer than anybody should have to wait.
    mutating func overcome(_ error: DurableClientError) async throws {
        let since = failingSince ?? clock.now
        failingSince = since
        if isOver || since.duration(to: clock.now) >= patience { throw error }
        var time = pause
        if case .refused(let refusal) = error, let asked = refusal.retryAfter { time = max(time, asked) }
        if let end { time = min(time, max(.zero, clock.now.duration(to: end))) }
        pause = min(pause * 2, Self.longestPause)
        try await clock.sleep(for: time)
    }
}
