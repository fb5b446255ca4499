import Synchronization

/// A one-way switch that says that something is over: a worker shuts down, a client has hung up.
public final class ShutdownSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiters: [Int: AsyncStream<Never>.Continuation] = [:]
        var nextWaiter = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// Whether it is over.
    public var isRaised: Bool { state.withLock { $0.isRaised } }

    /// Raises the signal, once and for all.
    public func raise() {
        let waiters = state.withLock { state in
            state.isRaised = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.finish() }
    }

    /// Returns when the signal is raised or the current task is cancelled.
    public func wait() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let number: Int? = state.withLock { state in
            guard !state.isRaised else { return nil }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            return state.nextWaiter
        }
        guard let number else { return }
        for await _ in stream {}
        state.withLock { state in _ = state.waiters.removeValue(forKey: number) }
    }
}
