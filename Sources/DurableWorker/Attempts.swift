import DurableCore
import Synchronization

/// The attempts of a worker: those it is making, and what came of others and is yet to be recorded.
///
/// Whatever ends an attempt first decides, and only that counts: it takes the attempt away from those being made.
final class Attempts: Sendable {
    /// How an attempt that did not end by itself ends.
    enum Interruption: Sendable {
        case timedOut
        /// The worker stops and gives the lease back.
        case released
        /// The lease is gone: cancelled, taken back, or the worker lost touch. Nothing is to be recorded.
        case lost
    }

    /// What came of an attempt.
    struct Result: Sendable {
        let settlement: Settlement
        /// Whether the execution is somebody's child.
        let hasFamily: Bool
    }

    private struct Running: Sendable {
        let lease: Lease
        let deadline: ContinuousClock.Instant
        let task: Task<Void, Never>
    }

    private struct State {
        var running: [LeaseID: Running] = [:]
        var results: [Result] = []
        /// Those that are being recorded.
        var recording: [Result] = []
        /// What ends every attempt that is still to come, once the end of all has been said.
        var endOfAll: Interruption?
    }

    private let state = Mutex(State())
    private let clock = ContinuousClock()

    // MARK: Looking

    /// How many are being made.
    var running: Int { state.withLock { $0.running.count } }

    /// The leases of those being made.
    var leases: [LeaseID] { state.withLock { Array($0.running.keys) } }

    /// Those leases, and the leases of what is yet to be recorded.
    var unsettled: [LeaseID] {
        state.withLock { state in
            state.running.keys + (state.results + state.recording).map(\.settlement.lease)
        }
    }

    var areAllSettled: Bool {
        state.withLock { $0.running.isEmpty && $0.results.isEmpty && $0.recording.isEmpty }
    }

    // MARK: Beginning and ending

    /// Begins attempts, each in a task of its own.
    ///
    /// - Returns: The soonest of their deadlines.
    func begin(
        _ leases: [Lease],
        _ make: @escaping @Sendable (Lease) async -> Void
    ) -> ContinuousClock.Instant? {
        let now = clock.now
        let (soonest, end) = state.withLock { state in
            var soonest: ContinuousClock.Instant?
            for lease in leases {
                let deadline = now + .timeout(milliseconds: lease.options.timeoutMs)
                soonest = min(soonest ?? deadline, deadline)
                // Not before the lock is given back can it end.
                state.running[lease.id] = Running(lease: lease, deadline: deadline, task: Task { await make(lease) })
            }
            return (soonest, state.endOfAll)
        }
        if let end { self.end(leases.map(\.id), end) }
        return soonest
    }

    /// Ends an attempt with what came of it.
    ///
    /// - Returns: Whether it counts; otherwise something has ended the attempt before.
    func end(_ lease: Lease, _ settlement: Settlement) -> Bool {
        state.withLock { state in
            guard state.running.removeValue(forKey: lease.id) != nil else { return false }
            state.results.append(Result(settlement: settlement, hasFamily: lease.family != nil))
            return true
        }
    }

    /// Ends the attempts that have not ended.
    func end(_ leases: some Sequence<LeaseID>, _ interruption: Interruption) {
        let ended = state.withLock { state in
            let ended = leases.compactMap { state.running.removeValue(forKey: $0) }
            state.results += ended.compactMap { Result(of: $0.lease, interruption) }
            return ended
        }
        for attempt in ended { attempt.task.cancel() }
    }

    /// Ends every attempt, also those that are begun later.
    func endAll(_ interruption: Interruption) {
        state.withLock { $0.endOfAll = interruption }
        end(leases, interruption)
    }

    /// Ends the attempts whose time is up.
    ///
    /// - Returns: The next deadline, and whether an attempt has ended.
    func endOverdue(at now: ContinuousClock.Instant) -> (next: ContinuousClock.Instant?, hasEnded: Bool) {
        let (overdue, next) = state.withLock { state in
            var overdue: [LeaseID] = []
            var next: ContinuousClock.Instant?
            for (lease, attempt) in state.running {
                if attempt.deadline <= now {
                    overdue.append(lease)
                } else {
                    next = min(next ?? attempt.deadline, attempt.deadline)
                }
            }
            return (overdue, next)
        }
        end(overdue, .timedOut)
        return (next, !overdue.isEmpty)
    }

    // MARK: Recording

    /// Takes up to so many results to be recorded; they count as unsettled until ``recorded()``.
    func results(atMost limit: Int) -> [Result] {
        state.withLock { state in
            state.recording = Array(state.results.prefix(limit))
            state.results.removeFirst(state.recording.count)
            return state.recording
        }
    }

    /// The results that were taken have been recorded, or never will be.
    func recorded() {
        state.withLock { $0.recording = [] }
    }
}

extension Attempts.Result {
    fileprivate init?(of lease: Lease, _ interruption: Attempts.Interruption) {
        hasFamily = lease.family != nil
        switch interruption {
        case .timedOut: settlement = ExecutionStateMachine.settlement(of: lease, .failed(.timedOut), .drawn())
        case .released: settlement = ExecutionStateMachine.release(of: lease.id)
        case .lost: return nil
        }
    }
}

extension ExecutionStateMachine.Circumstances {
    /// With a chance drawn for the jitter of a retry.
    static func drawn() -> Self {
        Self(chance: .random(in: 0...1))
    }
}
