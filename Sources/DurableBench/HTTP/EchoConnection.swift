import DurableCore
import NIOCore
import NIOHTTP1

/// One connection to an ``EchoServer``.
final class EchoConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let delay: TimeAmount
    private let onArrival: (@Sendable (ContinuousClock.Instant) -> Void)?
    private var procedure: Substring = ""
    private var body = ByteBuffer()

    init(delay: Duration, onArrival: (@Sendable (ContinuousClock.Instant) -> Void)?) {
        self.delay = TimeAmount(delay)
        self.onArrival = onArrival
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            onArrival?(.now)
            procedure = head.uri.split(separator: "/").last ?? ""
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            guard delay > .zero else { return answer(context) }
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: delay) {
                let (connection, context) = bound.value
                connection.answer(context)
            }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ context: ChannelHandlerContext) {
        let answer =
            switch procedure {
            case "nothing": ByteBuffer(string: "{}")
            case "parent": Self.children(Int(String(buffer: body).filter(\.isWholeNumber)) ?? 0)
            default: body
            }
        var head = HTTPResponseHead(version: .http1_1, status: .ok)
        head.headers.add(name: "content-type", value: "application/json")
        head.headers.add(name: "content-length", value: "\(answer.readableBytes)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(answer))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// What a parent answers that has so many children.
    private static func children(_ count: Int) -> ByteBuffer {
        let child = #"{"taskId":"\#(BenchTask.plain.rawValue)","input":{"n":1}}"#
        let children = Array(repeating: child, count: count).joined(separator: ",")
        return ByteBuffer(string: #"{"json":{"output":null,"children":["# + children + "]}}")
    }
}
