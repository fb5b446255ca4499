import Synchronization

/// One try at an execution, as the code that makes it sees it.
public struct Attempt: Sendable {
    public let lease: Lease
    /// Tells when the worker begins to shut down; the attempt then has the worker's drain time to end by itself.
    public let shutdown: ShutdownSignal

    public init(lease: Lease, shutdown: ShutdownSignal) {
        self.lease = lease
        self.shutdown = shutdown
    }
}

/// What makes attempts: calls a procedure over HTTP, or runs a task written in Swift.
public protocol Invoker: Sendable {
    /// Makes the attempt. Never throws: failure is an outcome too.
    ///
    /// The worker cancels the surrounding `Task` when the attempt times out, is cancelled or lost; what is returned after
    /// that is ignored.
    func invoke(_ attempt: Attempt) async -> Outcome
}

/// A one-way switch that says a worker is shutting down.
public final class ShutdownSignal: Sendable {
    private struct State {
        var isRaised = false
        var continuations: [AsyncStream<Never>.Continuation] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// Whether the worker is shutting down.
    public var isRaised: Bool { state.withLock { $0.isRaised } }

    /// Raises the signal, once and for all.
    public func raise() {
        let waiting = state.withLock { state in
            state.isRaised = true
            defer { state.continuations = [] }
            return state.continuations
        }
        for continuation in waiting { continuation.finish() }
    }

    /// Returns when the signal is raised or the current task is cancelled.
    public func wait() async {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let isRaised = state.withLock { state in
            if !state.isRaised { state.continuations.append(continuation) }
            return state.isRaised
        }
        if isRaised { return }
        for await _ in stream {}
    }
}
