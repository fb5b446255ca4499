import Dispatch
package import Logging
import ServiceLifecycle
import Synchronization

/// Hears what others `NOTIFY`, on a connection of its own.
///
/// Notifications are hints: those sent while the connection was down are lost, so after ``Event/reconnected`` look again at
/// what they would have told. Needs a server, or a pooler that pools sessions: `LISTEN` does not work otherwise.
package final class NotificationListener: Sendable {
    package enum Event: Sendable, Hashable {
        case notification(channel: String, payload: String)
        /// From now on notifications are heard, for the first time or again; earlier ones may have been missed.
        case reconnected
    }

    private struct State {
        var control: ConnectionControl?
        var isStopped = false
    }

    private let configuration: DatabaseConfiguration
    private let channels: [String]
    private let logger: Logger
    private let state = Mutex(State())
    private let wakeup = DispatchSemaphore(value: 0)

    /// Listens to channels by their exact names.
    package init(_ configuration: DatabaseConfiguration, channels: [String], logger: Logger) {
        self.configuration = configuration
        self.channels = channels
        self.logger = logger
    }

    /// Listens until graceful shutdown or cancellation, reconnecting as often as it takes.
    ///
    /// - Parameter hear: Told what was heard, on the listener's thread; while it runs, nothing else is heard.
    package func run(_ hear: @escaping @Sendable (Event) -> Void) async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withCheckedContinuation { ended in
                let isStarted = DedicatedThread.start {
                    self.listen(hear)
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
    private func listen(_ hear: (Event) -> Void) {
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
                try forward(from: &connection, to: hear)
            } catch {
                if !isStopped, outage.begin() {
                    logger.warning("Not listening for notifications", metadata: ["error": "\(error)"])
                }
            }
            if !isStopped { _ = wakeup.wait(timeout: .now() + .milliseconds(backoff.next())) }
        }
    }

    /// Hands on what arrives until the connection breaks or the listener is stopped.
    private func forward(
        from connection: inout Connection,
        to hear: (Event) -> Void
    ) throws(DatabaseError) {
        hear(.reconnected)
        while !isStopped {
            for notification in try connection.waitForNotifications() { hear(notification) }
        }
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
