import Dispatch
package import Logging
import ServiceLifecycle
import Synchronization

/// A bounded set of connections, lent to one caller at a time, first come, first served.
///
/// Every connection has a thread of its own, where the callers' closures run and may block; Swift's cooperative pool
/// never does. A closure is synchronous, so neither a connection nor a transaction is held across an `await`.
///
/// Connections open when they are first needed and are replaced when they break. The pool works from its creation on;
/// ``run()`` only ties it to a service group, which shuts it down. Outside one use ``withPool(_:logger:_:)``.
package final class ConnectionPool: Service, Sendable {
    struct Checkout: Sendable {
        /// Runs the caller's closure; what it returns hands the caller the result.
        let perform: @Sendable (inout Connection) -> @Sendable () -> Void
        /// Ends the call before it began.
        let refuse: @Sendable (DatabaseError) -> Void
    }

    struct Shared: Sendable {
        var state: PoolState<Checkout>
        var controls: [ConnectionControl?]
        /// The sessions whose threads live.
        var threads: Set<Int> = []
        /// Whether closing has waited long enough for those that are opening a connection.
        var leavesConnecting = false
        var isWatching = false
        /// When the watchdog looks again by itself.
        var watchdogWakes: ContinuousClock.Instant?
        var lastConnectError: DatabaseError?
        /// Grows when a server turns out to be read-only: connections of earlier generations are not used again.
        var generation = 0
        var drainers: [CheckedContinuation<Void, Never>] = []

        /// Whether everything that was accepted is done, every connection is closed, and no thread of ours is in libpq any
        /// more: the libraries beneath it do not bear that while the process exits.
        var isDrained: Bool {
            state.isDrained(leavingConnecting: leavesConnecting)
                && threads.allSatisfy { leavesConnecting && state.isConnecting($0) }
        }
    }

    let configuration: DatabaseConfiguration
    let logger: Logger
    let shared: Mutex<Shared>
    let wakeups: [DispatchSemaphore]
    let watchdog = DispatchSemaphore(value: 0)
    private let requests = Atomic<UInt64>(0)

    package init(_ configuration: DatabaseConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        let size = max(1, configuration.poolSize)
        wakeups = (0..<size).map { _ in DispatchSemaphore(value: 0) }
        shared = Mutex(
            Shared(
                state: PoolState(
                    sessions: size,
                    maxWaiting: configuration.maxWaiting,
                    grace: configuration.cancelGrace
                ),
                controls: Array(repeating: nil, count: size)
            )
        )
    }

    /// Runs the body with a pool that is closed, when the body ends, after its last statement.
    package static func withPool<Value>(
        _ configuration: DatabaseConfiguration,
        logger: Logger,
        _ body: (ConnectionPool) async throws -> Value
    ) async throws -> Value {
        let pool = ConnectionPool(configuration, logger: logger)
        do {
            let value = try await body(pool)
            await pool.close()
            return value
        } catch {
            await pool.close()
            throw error
        }
    }

    /// Keeps the pool for a service group: on graceful shutdown it serves what it has accepted and closes; on
    /// cancellation it interrupts that as well.
    package func run() async throws {
        do {
            try await gracefulShutdown()
        } catch {
            abort()
        }
        await close()
    }

    /// Whether a pooler in transaction mode stands between.
    package var isPooled: Bool { configuration.isPooled }

    /// How busy the pool is.
    package var usage: PoolUsage { shared.withLock { $0.state.usage } }

    /// Lends a connection to the body, which runs on the connection's thread.
    ///
    /// - Parameters:
    ///   - deadline: how long the call may take, waiting included. Then the statement is cancelled, and if the server does
    ///     not obey within ``DatabaseConfiguration/cancelGrace``, the connection is cut.
    ///   - body: may run any number of statements; each commits by itself unless it stands in a
    ///     ``Connection/transaction(isolation:_:)``.
    ///
    /// Cancelling the task cancels the statement likewise. A statement that the server finished all the same counts: the
    /// call returns its result.
    package func withConnection<Value: Sendable>(
        deadline: Duration? = nil,
        _ body: @escaping @Sendable (inout Connection) throws(DatabaseError) -> Value
    ) async throws(DatabaseError) -> Value {
        let id = requests.wrappingAdd(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, DatabaseError>, Never>) in
                let checkout = Checkout { connection in
                    let result: Result<Value, DatabaseError>
                    do throws(DatabaseError) {
                        result = .success(try body(&connection))
                    } catch {
                        result = .failure(error)
                    }
                    return { continuation.resume(returning: result) }
                } refuse: { error in
                    continuation.resume(returning: .failure(error))
                }
                enqueue(checkout, id: id, deadline: deadline)
                // The handler below may have run before there was anything to cancel.
                if Task.isCancelled { cancel(id) }
            }
        } onCancel: {
            cancel(id)
        }
        return try result.get()
    }

    /// Lends a connection to the body as ``withConnection(deadline:_:)`` does, for callers that do not wait.
    ///
    /// - Parameter afterwards: Called once, with the error if there was one, on whatever thread knows; must not block.
    package func perform(
        _ body: @escaping @Sendable (inout Connection) throws(DatabaseError) -> Void,
        afterwards: @escaping @Sendable (DatabaseError?) -> Void
    ) {
        let id = requests.wrappingAdd(1, ordering: .relaxed).newValue
        let checkout = Checkout { connection in
            do throws(DatabaseError) {
                try body(&connection)
                return { afterwards(nil) }
            } catch {
                return { afterwards(error) }
            }
        } refuse: { error in
            afterwards(error)
        }
        enqueue(checkout, id: id, deadline: nil)
    }

    /// Runs the body in a transaction on a connection of its own; see ``Connection/transaction(isolation:_:)``.
    package func transaction<Value: Sendable>(
        isolation: Isolation = .readCommitted,
        deadline: Duration? = nil,
        _ body: @escaping @Sendable (inout Connection) throws(DatabaseError) -> Value
    ) async throws(DatabaseError) -> Value {
        try await withConnection(deadline: deadline) { (connection) throws(DatabaseError) in
            try connection.transaction(isolation: isolation, body)
        }
    }

    /// Accepts nothing more, waits until everything accepted is done, and closes the connections.
    ///
    /// A connection that is only being opened, for a caller who was served by another or has given up, is waited for as
    /// long as ``DatabaseConfiguration/closeGrace``: libpq does not let go of a server that does not answer.
    package func close() async {
        let sessions = shared.withLock { shared in
            shared.state.close()
            return shared.threads
        }
        let grace = Task {
            try await Task.sleep(for: configuration.closeGrace)
            shared.withLock { $0.leavesConnecting = true }
            announceDrained()
        }
        await withCheckedContinuation { continuation in
            shared.withLock { $0.drainers.append(continuation) }
            for session in sessions { wakeups[session].signal() }
            announceDrained()
        }
        grace.cancel()
    }

    /// Gives up: what waits is refused, what runs is interrupted.
    private func abort() {
        let (withdrawn, interrupted) = shared.withLock { shared in
            let (withdrawn, sessions) = shared.state.abort(now: .now)
            return (withdrawn, sessions.compactMap { shared.beginCancel($0, .cancelled) })
        }
        for request in withdrawn { request.work.refuse(DatabaseError(.closed)) }
        for control in interrupted { control.sendCancel() }
        watchdog.signal()
    }

    /// Once everything is closed: tells whoever waits for that, and lets the watchdog go.
    func announceDrained() {
        let drainers: [CheckedContinuation<Void, Never>]? = shared.withLock { shared in
            guard shared.isDrained else { return nil }
            defer { shared.drainers = [] }
            return shared.drainers
        }
        guard let drainers else { return }
        watchdog.signal()
        for drainer in drainers { drainer.resume() }
    }

    private func enqueue(_ checkout: Checkout, id: UInt64, deadline: Duration?) {
        let now = ContinuousClock.now
        let deadline = deadline.map { now + $0 }
        let patience = now + configuration.acquireTimeout
        let acquireBy = deadline.map { min($0, patience) } ?? patience
        let request = PoolState<Checkout>.Request(id: id, work: checkout, acquireBy: acquireBy, deadline: deadline)
        let (admission, wakeWatchdog) = shared.withLock { shared in
            let admission = shared.state.enqueue(request)
            guard case .waiting = admission else { return (admission, false) }
            return (admission, shared.mustWatch(acquireBy))
        }
        switch admission {
        case .refused(let kind): checkout.refuse(DatabaseError(kind))
        case .assigned(let session): wake(session)
        case .waiting(let session):
            if let session { wake(session) }
            if wakeWatchdog { watch() }
        }
    }

    private func cancel(_ id: UInt64) {
        let (cancellation, control) = shared.withLock { shared in
            let cancellation = shared.state.cancel(id, now: .now)
            guard case .interrupt(let session) = cancellation else { return (cancellation, nil as ConnectionControl?) }
            return (cancellation, shared.beginCancel(session, .cancelled))
        }
        switch cancellation {
        case .withdrawn(let request): request.work.refuse(DatabaseError(.cancelled))
        case .interrupt:
            control?.sendCancel()
            watch()
        case .none: break
        }
    }
}
