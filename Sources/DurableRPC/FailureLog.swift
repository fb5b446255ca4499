import Logging
import Synchronization

/// Logs why requests were answered with 500 or 503: the first of a kind at once, the rest counted and told once in a
/// while, so that an outage does not flood the log.
final class FailureLog: Sendable {
    enum Kind: Hashable {
        /// The storage could not be reached.
        case unavailable
        /// There were too many requests.
        case overloaded
        /// A bug.
        case fault
    }

    private struct Episode {
        var loggedAt: ContinuousClock.Instant
        var latest: ContinuousClock.Instant
        var unlogged = 0
    }

    private let logger: Logger
    private let clock = ContinuousClock()
    private let episodes = Mutex<[Kind: Episode]>([:])

    /// How often a failure that goes on is logged.
    private static let interval = Duration.seconds(30)
    /// How long nothing may fail before things count as well again.
    private static let quiet = Duration.seconds(5)

    init(logger: Logger) {
        self.logger = logger
    }

    /// - Parameter cause: For the log only, free of data.
    func report(_ kind: Kind, procedure: String, cause: @autoclosure () -> String) {
        let now = clock.now
        let unlogged: Int? = episodes.withLock { episodes in
            var episode = episodes[kind] ?? Episode(loggedAt: now - Self.interval, latest: now)
            defer { episodes[kind] = episode }
            episode.latest = now
            guard now - episode.loggedAt >= Self.interval else {
                episode.unlogged += 1
                return nil
            }
            defer { (episode.loggedAt, episode.unlogged) = (now, 0) }
            return episode.unlogged
        }
        guard let unlogged else { return }
        var metadata: Logger.Metadata = ["procedure": "\(procedure)", "cause": "\(cause())"]
        if unlogged > 0 { metadata["more_since_last_logged"] = "\(unlogged)" }
        switch kind {
        case .unavailable: logger.warning("Storage unavailable; requests are answered with 503", metadata: metadata)
        case .overloaded: logger.warning("Too many requests; some are answered with 503", metadata: metadata)
        case .fault: logger.error("Request failed; it is answered with 500", metadata: metadata)
        }
    }

    /// Says that a request was granted: with that an outage that has been quiet for a while is over.
    func granted() {
        let isOver = episodes.withLock { episodes in
            guard let episode = episodes[.unavailable], clock.now - episode.latest >= Self.quiet else { return false }
            episodes[.unavailable] = nil
            return true
        }
        if isOver { logger.notice("Storage available again") }
    }
}
