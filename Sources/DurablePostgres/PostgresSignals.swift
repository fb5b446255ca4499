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
        var subscribers: [Int: AsyncStream<Signal>.Continuation] = [:]
        var nextSubscriber = 0
        /// Until when somebody waits for executions to finish, as far as is known.
        var watchedUntil: ContinuousClock.Instant
        /// Before then nothing more is sent.
        var pausedUntil: ContinuousClock.Instant

        /// What is to be sent now.
        mutating func take(at now: ContinuousClock.Instant) -> [Signal] {
            guard !pending.isEmpty else { return [] }
            defer { pending = [] }
            pausedUntil = now + PostgresSignals.pause
            return pending.sorted { $0.rawValue < $1.rawValue }
        }
    }

    private let pool: ConnectionPool
    private let listener: NotificationListener?
    private let statements: Statements
    private let logger: Logger
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

    package func signals() -> AsyncStream<Signal> {
        AsyncStream(bufferingPolicy: .bufferingNewest(16)) { continuation in
            let number = state.withLock { state in
                state.nextSubscriber += 1
                state.subscribers[state.nextSubscriber] = continuation
                return state.nextSubscriber
            }
            continuation.onTermination = { _ in
                self.state.withLock { state in _ = state.subscribers.removeValue(forKey: number) }
            }
        }
    }

    package func send(_ signals: Set<Signal>) {
        let isWatched = listener == nil || clock.now < state.withLock { $0.watchedUntil }
        put(isWatched ? signals : signals.subtracting([.finished]))
    }

    /// Sends at once, or when the pause is over.
    private func put(_ signals: Set<Signal>) {
        guard !signals.isEmpty else { return }
        let now = clock.now
        let toSend = state.withLock { state in
            state.pending.formUnion(signals)
            return now < state.pausedUntil ? [] : state.take(at: now)
        }
        guard !toSend.isEmpty else {
            waker.yield()
            return
        }
        let (statement, logger) = (statements.notify(toSend), logger)
        // Not by way of a task: somebody waits.
        pool.perform { connection in
            do throws(DatabaseError) {
                _ = try connection.query(statement)
            } catch {
                Self.report(error, logger)
            }
        }
    }

    /// Sends what is pending now.
    ///
    /// For programs that enqueue and exit.
    package func flush() async {
        let signals = state.withLock { $0.take(at: clock.now) }
        guard !signals.isEmpty else { return }
        let statement = statements.notify(signals)
        do {
            _ = try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement) }
        } catch {
            Self.report(error, logger)
        }
    }

    private static func report(_ error: DatabaseError, _ logger: Logger) {
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
            try? await Task.sleep(until: state.withLock { $0.pausedUntil }, clock: clock)
            await flush()
        }
    }

    private func receive(_ event: NotificationListener.Event) {
        switch event {
        case .notification(_, let payload):
            switch Signal(rawValue: payload) {
            case .watching?: watched()
            case let signal?: publish([signal])
            case nil: break
            }
        case .reconnected:
            // Anything may have happened meanwhile.
            watched()
            publish(Signal.allCases.filter { $0 != .watching })
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

    private func publish(_ signals: [Signal]) {
        let subscribers = state.withLock { Array($0.subscribers.values) }
        for subscriber in subscribers {
            for signal in signals { subscriber.yield(signal) }
        }
    }
}
