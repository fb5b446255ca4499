import Dispatch
package import Logging
import ServiceLifecycle
import Synchronization

/// Hears what others `NOTIFY`, on a connection of its own.
///
/// Notifications are hints: those sent while the connection was down are lost, so after ``Event/reconnected`` look again at
/// what they would have told. Needs a server, or a pooler that pools sessions: `LISTEN` does not work otherwise.
package final class NotificationListener: Service, Sendable {
    package enum Event: Sendable, Hashable {
        case notification(channel: String, payload: String)
        /// From now on notifications are heard, for the first time or again; earlier ones may have been missed.
        case reconnected
    }

    private struct State {
        var control: ConnectionControl?
        var isStopped = false
    }

    private static let bufferedEvents = 1024

    /// What was heard, for one consumer; ends when ``run()`` does.
    ///
    /// A consumer that falls behind by 1024 events misses some, and is told by another ``Event/reconnected``.
    package let notifications: AsyncStream<Event>

    private let configuration: DatabaseConfiguration
    private let channels: [String]
    private let logger: Logger
    private let continuation: AsyncStream<Event>.Continuation
    private let state = Mutex(State())
    private let wakeup = DispatchSemaphore(value: 0)

    /// Listens to channels by their exact names.
    package init(_ configuration: DatabaseConfiguration, channels: [String], logger: Logger) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
        (notifications, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.bufferedEvents))
    }

    /// Listens until graceful shutdown or cancellation, reconnecting as often as it takes.
    package func run() async throws {
        defer { continuation.finish() }
        await withTaskCancellationOrGracefulShutdownHandler {
            await withCheckedContinuation { ended in
                let isStarted = DedicatedThread.start {
                    self.listen()
                    ended.resume()
                }
                if !isStarted {
                    logger.error("No thread to listen on: the system refuses to start one")
                    ended.resume()
                }
            }
        } onCancelOrGracefulShutdown: {
            self.stop()
        }
    }

    private func stop() {
        let control = state.withLock { state in
            state.isStopped = true
            return state.control
        }
        control?.sever()
        wakeup.signal()
    }

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    /// The life of the listener's thread.
    private func listen() {
        var backoff = Backoff()
        var outage = Outage()
        while !isStopped {
            do throws(DatabaseError) {
                var connection = try Connection.open(configuration, logger: logger)
                defer { state.withLock { $0.control = nil } }
                state.withLock { $0.control = connection.control }
                try connection.listen(to: channels)
                if outage.end() { logger.notice("Listening for notifications again") }
                backoff = Backoff()
                try forward(from: &connection)
            } catch {
                if !isStopped, outage.begin() {
                    logger.warning("Not listening for notifications", metadata: ["error": "\(error)"])
                }
            }
            if !isStopped { _ = wakeup.wait(timeout: .now() + .milliseconds(backoff.next())) }
        }
    }

    /// Hands on what arrives until the connection breaks or the listener is stopped.
    private func forward(from connection: inout Connection) throws(DatabaseError) {
        // Set while the consumer does not know that it must look again.
        var hasMissed = !offer(.reconnected)
        while !isStopped {
            let arrived = try connection.waitForNotifications(atMost: hasMissed ? .milliseconds(100) : nil)
            if hasMissed { hasMissed = !offer(.reconnected) }
            for notification in arrived where !hasMissed { hasMissed = !offer(notification) }
        }
    }

    /// Whether there was room for the event.
    private func offer(_ event: Event) -> Bool {
        if case .dropped = continuation.yield(event) { false } else { true }
    }
}

/// Whether something is out of order, so that only the changes are logged.
private struct Outage {
    private var isOn = false

    /// Whether it was in order before.
    mutating func begin() -> Bool {
        defer { isOn = true }
        return !isOn
    }

    /// Whether it was out of order before.
    mutating func end() -> Bool {
        defer { isOn = false }
        return isOn
    }
}
