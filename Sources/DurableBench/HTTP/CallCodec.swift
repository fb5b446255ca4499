import NIOCore
import NIOHTTP1

/// Turns calls into HTTP requests and HTTP responses into answers.
final class CallCodec: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = Answer
    typealias OutboundIn = Call
    typealias OutboundOut = HTTPClientRequestPart

    private let host: String
    private var status: UInt = 0
    private var body = ByteBuffer()

    init(host: String) {
        self.host = host
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let call = unwrapOutboundIn(data)
        let hasBody = call.body.readableBytes > 0
        var head = HTTPRequestHead(version: .http1_1, method: hasBody ? .POST : .GET, uri: call.path)
        head.headers.add(name: "host", value: host)
        if hasBody {
            head.headers.add(name: "content-type", value: "application/json")
            head.headers.add(name: "content-length", value: "\(call.body.readableBytes)")
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if hasBody { context.write(wrapOutboundOut(.body(.byteBuffer(call.body))), promise: nil) }
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = head.status.code
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            context.fireChannelRead(wrapInboundOut(Answer(status: status, body: body)))
        }
    }
}
