import CLibPQ
import Dispatch
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// What other threads may do to a connection that is blocked in a statement: cancel it, or cut it.
///
/// `@unchecked Sendable`: `cancelKey` never changes, libpq allows `PQcancel` on it from any thread, and it is freed with
/// the last reference; everything else is guarded by `state`.
final class ConnectionControl: @unchecked Sendable {
    private struct State {
        /// The connection's socket; `nil` once it is closed, since the system reuses the number.
        var socket: Int32?
        var interruption: Interruption?
        var cancelsInFlight = 0
    }

    private let cancelKey: OpaquePointer?
    private let state: Mutex<State>
    private let cancelEnded = DispatchSemaphore(value: 0)

    init(_ connection: OpaquePointer) {
        cancelKey = PQgetCancel(connection)
        state = Mutex(State(socket: PQsocket(connection)))
    }

    deinit { PQfreeCancel(cancelKey) }

    /// Why the caller whose turn it is should stop; `nil` to go on.
    var interruption: Interruption? { state.withLock { $0.interruption } }

    /// Begins the next caller's turn.
    func reset() {
        state.withLock { $0.interruption = nil }
    }

    /// Tells the connection's thread to stop and prepares for a cancel request, which ``sendCancel()`` must follow.
    ///
    /// Returns `false` when one is already on its way.
    func beginCancel(_ reason: Interruption) -> Bool {
        state.withLock { state in
            if state.interruption == nil { state.interruption = reason }
            guard state.cancelsInFlight == 0 else { return false }
            state.cancelsInFlight += 1
            return true
        }
    }

    /// Asks the server to cancel, from a thread of its own: libpq opens a connection for it and waits.
    func sendCancel() {
        let isStarted = DedicatedThread.start { [self] in
            if let cancelKey {
                withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                    _ = PQcancel(cancelKey, message.baseAddress, Int32(message.count))
                }
            }
            endCancel()
        }
        if !isStarted { endCancel() }
    }

    private func endCancel() {
        state.withLock { $0.cancelsInFlight -= 1 }
        cancelEnded.signal()
    }

    /// Waits until no cancel request is on its way that could hit the next statement; `false` when that takes too long.
    func waitForCancels(atMost limit: Duration) -> Bool {
        let deadline = DispatchTime.now() + .milliseconds(Int(limit.wholeMilliseconds))
        while state.withLock({ $0.cancelsInFlight > 0 }) {
            if cancelEnded.wait(timeout: deadline) == .timedOut { return false }
        }
        return true
    }

    /// Cuts the connection, which ends any call that is blocked on it.
    func sever() {
        state.withLock { state in
            if let socket = state.socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// To be called before the socket is closed.
    func forgetSocket() {
        state.withLock { $0.socket = nil }
    }
}

/// Why a caller's turn on a connection is cut short.
enum Interruption: Sendable {
    case cancelled
    case deadline

    func error(outcomeUnknown: Bool, report: ServerReport) -> DatabaseError {
        let kind: DatabaseError.Kind =
            switch self {
            case .cancelled: .cancelled
            case .deadline: .timeout(.deadline)
            }
        return DatabaseError(kind, outcomeUnknown: outcomeUnknown, report: report)
    }
}
