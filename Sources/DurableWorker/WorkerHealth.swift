import Synchronization

/// What a worker's readiness is judged by.
final class WorkerHealth: Sendable {
    private struct State {
        var leasedAt: ContinuousClock.Instant?
        var renewedAt: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let clock = ContinuousClock()

    /// The leasing loop got an answer, or waits because all slots are taken.
    func leasing() {
        let now = clock.now
        state.withLock { $0.leasedAt = now }
    }

    func renewed() {
        let now = clock.now
        state.withLock { $0.renewedAt = now }
    }

    /// Why the worker is not ready, in words for an operator; `nil` when it is.
    func problem(_ configuration: WorkerConfiguration) -> String? {
        let (leasedAt, renewedAt) = state.withLock { ($0.leasedAt, $0.renewedAt) }
        guard let leasedAt, let renewedAt else { return "The worker has not registered yet" }
        if renewedAt.duration(to: clock.now) > configuration.lease {
            return "The worker has not renewed its leases for longer than a lease"
        }
        if leasedAt.duration(to: clock.now) > configuration.longestPoll * 5 {
            return "The worker has not looked for work for longer than it should"
        }
        return nil
    }
}
