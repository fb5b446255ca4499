internal import NIOCore
internal import NIOHTTP1

/// One connection to a stub web app: gathers requests and plays the answers.
///
/// Everything but `play` runs on the channel's event loop.
final class StubConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let number: Int
    private let record: StubRecord
    private let idleLimit: TimeAmount?
    private let answer: @Sendable (StubRequest) async -> StubAnswer

    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var current: Int?
    private var playing: Task<Void, Never>?
    private var idle: Scheduled<Void>?

    init(
        number: Int,
        record: StubRecord,
        idleLimit: Duration?,
        answer: @escaping @Sendable (StubRequest) async -> StubAnswer
    ) {
        self.number = number
        self.record = record
        self.idleLimit = idleLimit.map { TimeAmount($0) }
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            idle?.cancel()
            self.head = head
            body = []
        case .body(let part):
            body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let head else { return }
            let request = record.append { requestNumber in
                StubRequest(
                    method: head.method.rawValue,
                    uri: head.uri,
                    headers: head.headers.map { (name: $0.name.lowercased(), value: $0.value) },
                    body: body,
                    connection: number,
                    number: requestNumber
                )
            }
            play(request, on: context.channel)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        idle?.cancel()
        playing?.cancel()
        record.closed(number, midAnswer: playing != nil)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func play(_ request: StubRequest, on channel: any Channel) {
        let connection = NIOLoopBound(self, eventLoop: channel.eventLoop)
        current = request.number
        playing = Task { [answer] in
            let steps = await answer(request).steps
            for (index, step) in steps.enumerated() where !Task.isCancelled {
                let isLast = index == steps.count - 1
                switch step {
                case .write(let bytes):
                    let write = channel.eventLoop.flatSubmit {
                        if isLast { connection.value.finish(request, on: channel) }
                        return channel.writeAndFlush(ByteBuffer(bytes: bytes))
                    }
                    try? await write.get()
                case .close:
                    let close = channel.eventLoop.flatSubmit {
                        if isLast { connection.value.finish(request, on: channel) }
                        return channel.close()
                    }
                    try? await close.get()
                case .pause(let duration): try? await Task.sleep(for: duration)
                case .hang: try? await Task.sleep(for: .seconds(3600))
                }
            }
        }
    }

    /// The answer is going out: what happens to the connection now is no disconnect in the middle.
    private func finish(_ request: StubRequest, on channel: any Channel) {
        // The next request may have come in the meantime.
        guard current == request.number else { return }
        playing = nil
        guard let idleLimit, channel.isActive else { return }
        idle = channel.eventLoop.scheduleTask(in: idleLimit) { channel.close(promise: nil) }
    }
}
