/// Something happened that somebody may be waiting for.
public enum Signal: String, Sendable, Hashable, CaseIterable {
    /// Executions may have become due.
    case ready
    /// Executions may have finished.
    case finished
    /// Attempts may have been cancelled.
    case cancelled
    /// There may be something to do that needs no lease: parents to tell, deadlines to keep, requests to apply.
    case upkeep
    /// Somebody waits for executions to finish, for half a minute at least; without it nobody need be told.
    case watching
}

/// Hints between processes that make waiting short.
///
/// Missing one costs latency, never correctness: whoever waits also looks by itself from time to time.
public protocol Signals: Sendable {
    /// The signals from now on. Several of one kind may be merged into one.
    func signals() -> AsyncStream<Signal>

    /// Tells everybody, soon. Does not wait and cannot fail; calls in quick succession are merged.
    func send(_ signals: Set<Signal>)
}

extension Signals {
    /// Tells everybody of one thing; see ``send(_:)-(Set<Signal>)``.
    public func send(_ signal: Signal) { send([signal]) }
}
