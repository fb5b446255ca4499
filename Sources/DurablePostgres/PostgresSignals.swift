package import DurableCore
package import LibPQ
package import Logging
import ServiceLifecycle
import Synchronization

/// Signals between processes by PostgreSQL's `NOTIFY`.
///
/// Sent after the commit they speak of, merged: the first at once, what comes within the next 20 ms together. Whoever
/// misses one finds out by polling.
package final class PostgresSignals: Signals, Service {
    private struct State {
        var pending: Set<Signal> = []
        var subscribers: [Int: AsyncStream<Signal>.Continuation] = [:]
        var nextSubscriber = 0
    }

    private let pool: ConnectionPool
    private let listener: NotificationListener?
    private let statements: Statements
    private let logger: Logger
    private let state = Mutex(State())
    private let wake: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    private static let pause = Duration.milliseconds(20)

    /// - Parameter listening: Where to listen, on the channel named like the schema; without it nothing is received, as
    ///   behind a pooler of transactions.
    package init(pool: ConnectionPool, listening: DatabaseConfiguration?, schema: String, logger: Logger) {
        self.pool = pool
        self.listener = listening.map { NotificationListener($0, channels: [schema], logger: logger) }
        self.statements = Statements(schema: schema)
        self.logger = logger
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

    package func send(_ signal: Signal) {
        state.withLock { state in _ = state.pending.insert(signal) }
        waker.yield()
    }

    /// Sends what is pending now.
    ///
    /// For programs that enqueue and exit.
    package func flush() async {
        let signals = state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
        guard !signals.isEmpty else { return }
        let statement = statements.notify(signals.sorted { $0.rawValue < $1.rawValue })
        do {
            _ = try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement) }
        } catch {
            logger.debug("A notification was not sent; polling makes up for it", metadata: ["error": "\(error)"])
        }
    }

    /// Sends and receives until graceful shutdown or cancellation.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.sendUntilCancelled() }
                if let listener = self.listener {
                    group.addTask { try? await listener.run() }
                    group.addTask { await self.receive(listener) }
                }
            }
        }
        await flush()
    }

    private func sendUntilCancelled() async {
        for await _ in wake {
            await flush()
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func receive(_ listener: NotificationListener) async {
        for await event in listener.notifications {
            switch event {
            case .notification(_, let payload):
                if let signal = Signal(rawValue: payload) { publish([signal]) }
            case .reconnected:
                // Anything may have happened meanwhile.
                publish(Signal.allCases)
            }
        }
    }

    private func publish(_ signals: [Signal]) {
        let subscribers = state.withLock { Array($0.subscribers.values) }
        for subscriber in subscribers {
            for signal in signals { subscriber.yield(signal) }
        }
    }
}
