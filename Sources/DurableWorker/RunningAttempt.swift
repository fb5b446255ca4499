import DurableCore
import Synchronization

/// One attempt being made: whatever ends it first decides, and only that counts.
final class RunningAttempt: Sendable {
    enum End: Sendable {
        case outcome(Outcome)
        case timedOut
        /// The lease is gone: cancelled, taken back, or the worker lost touch. Nothing is to be recorded.
        case lost
        /// The worker stops and gives the lease back.
        case released
    }

    private struct State {
        var end: End?
        var waiter: CheckedContinuation<End, Never>?
    }

    /// When it times out.
    let deadline: ContinuousClock.Instant
    private let state = Mutex(State())

    init(deadline: ContinuousClock.Instant) {
        self.deadline = deadline
    }

    func end(_ end: End) {
        state.withLock { state -> CheckedContinuation<End, Never>? in
            guard state.end == nil else { return nil }
            state.end = end
            defer { state.waiter = nil }
            return state.waiter
        }?.resume(returning: end)
    }

    /// How it ended.
    ///
    /// To be awaited once.
    var ended: End {
        get async {
            await withCheckedContinuation { continuation in
                let end = state.withLock { state in
                    if state.end == nil { state.waiter = continuation }
                    return state.end
                }
                if let end { continuation.resume(returning: end) }
            }
        }
    }
}

/// The attempts that a worker is making, by their leases.
final class RunningAttempts: Sendable {
    private struct State {
        var attempts: [LeaseID: RunningAttempt] = [:]
        /// What ends every attempt that is still to come, once the end of all has been said.
        var endOfAll: RunningAttempt.End?
    }

    private let state = Mutex(State())

    var leases: [LeaseID] { state.withLock { Array($0.attempts.keys) } }
    var isEmpty: Bool { state.withLock { $0.attempts.isEmpty } }

    func add(_ lease: LeaseID, deadline: ContinuousClock.Instant) -> RunningAttempt {
        let attempt = RunningAttempt(deadline: deadline)
        let end = state.withLock { state in
            state.attempts[lease] = attempt
            return state.endOfAll
        }
        if let end { attempt.end(end) }
        return attempt
    }

    func remove(_ lease: LeaseID) {
        state.withLock { state in _ = state.attempts.removeValue(forKey: lease) }
    }

    func end(_ leases: some Sequence<LeaseID>, _ end: RunningAttempt.End) {
        let attempts = state.withLock { state in leases.compactMap { state.attempts[$0] } }
        for attempt in attempts { attempt.end(end) }
    }

    /// Ends every attempt, also those that are added later.
    func endAll(_ end: RunningAttempt.End) {
        let attempts = state.withLock { state in
            state.endOfAll = end
            return Array(state.attempts.values)
        }
        for attempt in attempts { attempt.end(end) }
    }

    /// Ends the attempts whose time is up.
    ///
    /// - Returns: The next deadline.
    func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let attempts = state.withLock { Array($0.attempts.values) }
        var next: ContinuousClock.Instant?
        for attempt in attempts {
            if attempt.deadline <= now {
                attempt.end(.timedOut)
            } else {
                next = min(next ?? attempt.deadline, attempt.deadline)
            }
        }
        return next
    }
}
