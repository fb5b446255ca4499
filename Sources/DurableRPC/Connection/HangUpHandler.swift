import DurableCore
import NIOCore
import NIOHTTPTypes

/// Notices when the client of a connection hangs up, be it in the middle of a request.
final class HangUpHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart

    let hangUp = ShutdownSignal()

    func channelInactive(context: ChannelHandlerContext) {
        hangUp.raise()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { hangUp.raise() }
        context.fireUserInboundEventTriggered(event)
    }
}

@available(*, unavailable)
extension HangUpHandler: Sendable {}
