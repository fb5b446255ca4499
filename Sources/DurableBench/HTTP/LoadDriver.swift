import NIOCore
import NIOPosix

/// What a number of connections got done.
struct CallLoad: Sendable {
    /// How long each successful call took, in milliseconds.
    var latencies: [Double] = []
    /// How many calls were answered otherwise than with success.
    var refused = 0

    /// Makes the same call again and again over so many connections, one at a time each, for a while.
    static func run(
        _ call: Call,
        port: Int,
        connections: Int,
        for duration: Duration,
        status: StatusLine
    ) async throws -> CallLoad {
        let end = ContinuousClock.now + duration
        return try await withThrowingTaskGroup(of: CallLoad.self) { group in
            for _ in 0..<connections {
                group.addTask {
                    let result = try await ClientBootstrap.calling(port: port) { channel in
                        let promise = channel.eventLoop.makePromise(of: CallLoad.self)
                        let driver = LoadDriver(call, until: end, status: status, promise)
                        try channel.pipeline.syncOperations.addHandler(driver)
                        return promise.futureResult
                    }
                    return try await result.get()
                }
            }
            return try await group.reduce(into: CallLoad()) { all, one in
                all.latencies += one.latencies
                all.refused += one.refused
            }
        }
    }
}

/// Makes calls over one connection without leaving its event loop: an expensive client would measure itself.
private final class LoadDriver: ChannelInboundHandler {
    typealias InboundIn = Answer
    typealias OutboundOut = Call

    private let call: Call
    private let end: ContinuousClock.Instant
    private let status: StatusLine
    private let promise: EventLoopPromise<CallLoad>
    private var load = CallLoad()
    private var sentAt = ContinuousClock.now

    init(_ call: Call, until end: ContinuousClock.Instant, status: StatusLine, _ promise: EventLoopPromise<CallLoad>) {
        self.call = call
        self.end = end
        self.status = status
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        send(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answer = unwrapInboundIn(data)
        if answer.isSuccess {
            load.latencies.append((answer.at - sentAt) / .milliseconds(1))
        } else {
            load.refused += 1
        }
        status.advance(by: 1)
        guard answer.at < end else {
            promise.succeed(load)
            return context.close(promise: nil)
        }
        send(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Too late when it was us who closed.
        promise.fail(BenchError("The front end closed a connection"))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    private func send(_ context: ChannelHandlerContext) {
        sentAt = .now
        context.writeAndFlush(wrapOutboundOut(call), promise: nil)
    }
}
