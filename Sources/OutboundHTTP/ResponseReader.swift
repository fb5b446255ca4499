internal import NIOCore
internal import NIOHTTP1

/// Makes HTTP of the bytes that a peer sends, for the connection behind it.
///
/// Drives NIO's decoder itself instead of leaving that to a `ByteToMessageHandler`: the connection has to know whether any
/// byte of an answer has come, and whether bytes have come that belong to no answer.
final class ResponseReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = HTTPClientResponsePart

    private let connection: Connection
    private let decoder: HTTPResponseDecoder
    /// What the decoder has seen and wants to see again, followed by more.
    private var pending: ByteBuffer?
    private var hasFailed = false

    private static let post = HTTPClientRequestPart.head(HTTPRequestHead(version: .http1_1, method: .POST, uri: "/"))
    private static let connect = HTTPClientRequestPart.head(
        HTTPRequestHead(version: .http1_1, method: .CONNECT, uri: "/")
    )

    /// - Parameter longestHead: The longest head of an answer, in bytes of its fields.
    init(for connection: Connection, longestHead: Int) {
        self.connection = connection
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = longestHead
        limits.maxHeaderListSize = longestHead
        decoder = HTTPResponseDecoder(limitConfiguration: limits)
    }

    /// Takes note of a request that is being sent: what follows is its answer.
    func expectAnswer(toTunnelRequest isTunnelRequest: Bool) {
        decoder.write(data: isTunnelRequest ? Self.connect : Self.post)
    }

    func handlerAdded(context: ChannelHandlerContext) { decoder.decoderAdded(context: context) }

    func handlerRemoved(context: ChannelHandlerContext) { decoder.decoderRemoved(context: context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard connection.willRead(), !hasFailed else { return }
        var bytes = unwrapInboundIn(data)
        if var earlier = pending.take() {
            earlier.writeBuffer(&bytes)
            bytes = earlier
        }
        do {
            _ = try decoder.decode(context: context, buffer: &bytes)
        } catch {
            hasFailed = true
            return connection.couldNotRead(error)
        }
        if bytes.readableBytes > 0 { pending = bytes }
        connection.didRead()
    }

    /// Whether nothing has come after the last complete answer, not even the beginning of another.
    func isBetweenAnswers(context: ChannelHandlerContext) -> Bool {
        pending == nil && finish(context: context)
    }

    /// Tells the decoder that nothing more will come, which can be the end of an answer.
    ///
    /// - Returns: Whether an answer could end here.
    func finish(context: ChannelHandlerContext) -> Bool {
        var nothing = ByteBuffer()
        do {
            _ = try decoder.decodeLast(context: context, buffer: &nothing, seenEOF: true)
            return true
        } catch {
            return false
        }
    }
}
