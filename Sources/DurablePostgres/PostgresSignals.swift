package import DurableCore
package import LibPQ
package import Logging
import ServiceLifecycle
import Synchronization

/// Signals between processes by PostgreSQL's `NOTIFY`.
///
/// Sent after the commit they speak of, merged: the first at once, what comes within the next 10 ms together. Whoever
/// misses one finds out by polling. That executions have finished is told only while somebody has said lately that they
/// wait for it.
package final class PostgresSignals: Signals, Service {
    private struct State {
        var pending: Set<Signal> = []
        /// Until when somebody waits for executions to finish, as far as is known.
        var watchedUntil: ContinuousClock.Instant
        /// Whether some are on their way; no others are sent then.
        var isSending = false
        /// Until when no others are sent after that.
        var pausedUntil: ContinuousClock.Instant

        mutating func take() -> [Signal] {
            defer { pending = [] }
            return pending.sorted { $0.rawValue < $1.rawValue }
        }
    }

    private let pool: ConnectionPool
    private let listener: NotificationListener?
    private let statements: Statements
    private let logger: Logger
    private let subscribers = LocalSignals()
    private let state: Mutex<State>
    private let clock = ContinuousClock()
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    private static let pause = Duration.milliseconds(10)
    private let watch: Duration

    /// - Parameter listening: Where to listen, on the channel named like the schema; without it nothing is received, as
    ///   behind a pooler of transactions.
    /// - Parameter watch: How long a sign of somebody who waits counts: twice as long as it is between two of them.
    package init(
        pool: ConnectionPool,
        listening: DatabaseConfiguration?,
        schema: String,
        watch: Duration = .seconds(30),
        logger: Logger
    ) {
        self.watch = watch
        self.pool = pool
        self.listener = listening.map { NotificationListener($0, channels: [schema], logger: logger) }
        self.statements = Statements(schema: schema)
        self.logger = logger
        // They may have said so before we began to listen.
        state = Mutex(State(watchedUntil: clock.now + watch, pausedUntil: clock.now))
        (wake, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func signals() -> AsyncStream<Signal> { subscribers.signals() }

    package func send(_ signals: Set<Signal>) { put(heard(signals)) }

    /// What tells these and everything pending, for a write to take along; `nil` when they are better sent afterwards.
    ///
    /// To be asked when the write is about to be sent.
    func follower(telling signals: Set<Signal>) -> (follower: Follower, told: Set<Signal>)? {
        let told = heard(signals)
        // A pooler of transactions may not expect a second one before it has answered the first.
        guard !told.isEmpty, !pool.isPooled else { return nil }
        let now = clock.now
        let all: [Signal]? = state.withLock { state in
            guard !state.isSending, now >= state.pausedUntil else { return nil }
            state.isSending = true
            state.pending.formUnion(told)
            return state.take()
        }
        return all.map { (Follower(statements.notify($0), afterwards: sent), told) }
    }

    /// Those that somebody may be waiting for.
    private func heard(_ signals: Set<Signal>) -> Set<Signal> {
        let isWatched = listener == nil || clock.now < state.withLock { $0.watchedUntil }
        return isWatched ? signals : signals.subtracting([.finished])
    }

    private func put(_ signals: Set<Signal>) {
        guard !signals.isEmpty else { return }
        state.withLock { $0.pending.formUnion(signals) }
        sendPending()
    }

    /// Sends what is pending, or sees to it that it is sent when it may be.
    private func sendPending() {
        let now = clock.now
        let (signals, mustWait) = state.withLock { state -> ([Signal], Bool) in
            if state.pending.isEmpty || state.isSending { return ([], false) }
            if now < state.pausedUntil { return ([], true) }
            state.isSending = true
            return (state.take(), false)
        }
        if mustWait { waker.yield() }
        guard !signals.isEmpty else { return }
        let statement = statements.notify(signals)
        // Not by way of a task: somebody waits.
        pool.perform { connection throws(DatabaseError) in
            try connection.query(statement)
        } afterwards: {
            self.sent($0)
        }
    }

    private func sent(_ error: DatabaseError?) {
        if let error { report(error) }
        let isMore = state.withLock { state in
            state.isSending = false
            state.pausedUntil = clock.now + Self.pause
            return !state.pending.isEmpty
        }
        if isMore { waker.yield() }
    }

    /// Sends what is pending now.
    ///
    /// For programs that enqueue and exit.
    package func flush() async {
        let signals = state.withLock { $0.take() }
        guard !signals.isEmpty else { return }
        let statement = statements.notify(signals)
        do {
            _ = try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement) }
        } catch {
            report(error)
        }
    }

    private func report(_ error: DatabaseError) {
        logger.debug("A notification was not sent; polling makes up for it", metadata: ["error": "\(error)"])
    }

    /// Sends and receives until graceful shutdown or cancellation.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.sendUntilCancelled() }
                if let listener = self.listener {
                    group.addTask { await listener.run { self.receive($0) } }
                }
            }
        }
        await flush()
    }

    private func sendUntilCancelled() async {
        for await _ in wake {
            do {
                try await Task.sleep(until: state.withLock { $0.pausedUntil }, clock: clock)
            } catch {
                return
            }
            sendPending()
        }
    }

    private func receive(_ event: NotificationListener.Event) {
        switch event {
        case .notification(_, let payload):
            switch Signal(rawValue: payload) {
            case .watching?: watched()
            case let signal?: subscribers.send(signal)
            case nil: break
            }
        case .reconnected:
            // Anything may have happened meanwhile.
            watched()
            subscribers.send(Set(Signal.allCases).subtracting([.watching]))
        }
    }

    private func watched() {
        let wasUnwatched = state.withLock { state in
            defer { state.watchedUntil = clock.now + watch }
            return clock.now >= state.watchedUntil
        }
        // What they wait for may have happened while they said so.
        if wasUnwatched { put([.finished]) }
    }
}
