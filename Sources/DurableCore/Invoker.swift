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
