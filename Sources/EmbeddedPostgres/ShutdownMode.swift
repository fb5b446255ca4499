import Subprocess

/// How a server is stopped, in PostgreSQL's own words.
package enum ShutdownMode: Sendable, Hashable {
    /// Waits until every client has gone by itself.
    case smart
    /// Rolls back what runs, disconnects everybody and shuts down in order.
    case fast
    /// Stops at once without shutting down, as a crash would; the next start recovers from the log.
    case immediate

    var signal: Signal {
        switch self {
        case .smart: .terminate
        case .fast: .interrupt
        case .immediate: .quit
        }
    }
}
