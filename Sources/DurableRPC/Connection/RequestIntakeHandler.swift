import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// The request did not come in whole within its time.
struct RequestTooSlow: Error {}

/// Watches how the requests of one connection come in: bodies that take too long, and answers that overtake them.
///
/// A request that is answered before it was read whole (refused for its token or its size) leaves a connection on which
/// the rest of that request is still to come. Such an answer says `connection: close`, and the connection is closed
/// shortly after: later would let a client send for ever, at once would lose the answer.
final class RequestIntakeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let timeout: TimeAmount
    private var requestsBegun = 0
    private var requestsRead = 0
    private var requestsAnswered = 0
    private var mustClose = false
    private var deadline: Scheduled<Void>?

    /// How long the rest of a request is read and dropped after its answer.
    private static let linger = TimeAmount.seconds(2)

    /// - Parameter timeout: How long a request may take from its head to its end.
    init(timeout: TimeAmount) {
        self.timeout = timeout
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Shutting down: whoever is still answered need not try this connection again.
        if event is ChannelShouldQuiesceEvent { mustClose = true }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            requestsBegun += 1
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body:
            break
        case .end:
            requestsRead += 1
            deadline?.cancel()
            deadline = nil
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Requests that come in one piece, which is most of them, never see a timer.
        watchIntake(context)
        context.fireChannelReadComplete()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.kind != .informational:
            if requestsRead <= requestsAnswered { mustClose = true }
            if mustClose { head.headerFields[.connection] = "close" }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body:
            context.write(data, promise: promise)
        case .end:
            let isEarly = requestsRead <= requestsAnswered
            requestsAnswered += 1
            context.write(data, promise: promise)
            if isEarly {
                deadline?.cancel()
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                deadline = context.eventLoop.scheduleTask(in: Self.linger) { bound.value.close(promise: nil) }
            } else {
                watchIntake(context)
            }
        }
    }

    /// Sets the deadline of the request that is being read, unless an earlier one still waits for its answer: the
    /// connection's back-pressure, not the client, may then be what holds it up.
    private func watchIntake(_ context: ChannelHandlerContext) {
        guard deadline == nil, requestsBegun > requestsRead, requestsAnswered == requestsRead else { return }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: timeout) { bound.value.fireErrorCaught(RequestTooSlow()) }
    }
}

@available(*, unavailable)
extension RequestIntakeHandler: Sendable {}
