import Synchronization

/// Lets so many requests in at a time and no more, so that overload costs the clients a retry and not the service its
/// memory.
final class Admission: Sendable {
    struct Limits: Sendable {
        /// Requests at once, those that wait for executions not counted.
        var requests: Int
        /// Requests at once that wait for executions.
        var waits: Int
        /// Bytes of request bodies at once.
        var bytes: Int
    }

    /// What a request takes up.
    struct Share: Sendable {
        let isWait: Bool
        let bytes: Int
    }

    private struct State {
        var requests = 0
        var waits = 0
        var bytes = 0
    }

    private let limits: Limits
    private let state = Mutex(State())

    init(limits: Limits) {
        self.limits = limits
    }

    /// Whether there is room; if so, it is taken until ``leave(_:)``.
    func enter(_ share: Share) -> Bool {
        state.withLock { state in
            let isFull = share.isWait ? state.waits >= limits.waits : state.requests >= limits.requests
            guard !isFull, state.bytes + share.bytes <= limits.bytes else { return false }
            if share.isWait { state.waits += 1 } else { state.requests += 1 }
            state.bytes += share.bytes
            return true
        }
    }

    func leave(_ share: Share) {
        state.withLock { state in
            if share.isWait { state.waits -= 1 } else { state.requests -= 1 }
            state.bytes -= share.bytes
        }
    }
}
