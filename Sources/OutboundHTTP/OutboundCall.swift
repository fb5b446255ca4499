internal import NIOCore
internal import Synchronization

/// One call on its way: from whoever waits for its answer, through the origin, to a connection.
///
/// Sendable since it has one owner at a time: `place` is guarded by the lock of the call's origin; everything else that
/// changes belongs to the connection that `place` names, on its event loop, and to the origin as long as there is none.
final class OutboundCall: @unchecked Sendable {
    typealias Result = Swift.Result<OutboundAnswer, OutboundFailure>

    enum Place {
        /// Not with the origin yet.
        case nowhere
        case queue
        /// With a connection, or on its way there.
        case connection(Connection)
    }

    let message: RequestMessage
    /// The longest body of an answer.
    let limit: Int
    let deadline: NIODeadline
    let isCancelled = Atomic(false)

    var place = Place.nowhere
    /// Whether it was sent before over a connection that turned out to be closed.
    var hasBeenResent = false
    private var continuation: CheckedContinuation<Result, Never>?

    init(_ message: RequestMessage, limit: Int, deadline: NIODeadline) {
        self.message = message
        self.limit = limit
        self.deadline = deadline
    }

    var origin: Origin { message.template.origin }

    /// Gives the call to its origin, and waits for what comes of it.
    func result() async -> Result {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.continuation = continuation
                origin.submit(self)
            }
        } onCancel: {
            isCancelled.store(true, ordering: .sequentiallyConsistent)
            origin.cancel(self)
        }
    }

    /// Ends the call; only its owner does.
    func finish(_ result: Result) {
        continuation?.resume(returning: result)
        continuation = nil
    }

    /// Why the call need not be sent any more; `nil` as long as somebody waits for it.
    var isOver: OutboundFailure.Cause? {
        if isCancelled.load(ordering: .sequentiallyConsistent) { return .cancelled }
        return deadline <= .now() ? .deadline : nil
    }
}
