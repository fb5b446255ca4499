import NIOCore
import NIOPosix
import Synchronization

/// A proxy on 127.0.0.1 whose tunnels all lead to one port, whatever they were asked for.
final class TunnelProxy: Sendable {
    private let state = Mutex((port: 0, requests: [String](), channels: [any Channel]()))

    var port: Int { state.withLock(\.port) }
    /// The wishes for tunnels, each with its headers.
    var requests: [String] { state.withLock(\.requests) }

    static func with<Result>(to port: Int, _ body: (TunnelProxy) async throws -> Result) async throws -> Result {
        let proxy = TunnelProxy()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    proxy.state.withLock { $0.channels.append(channel) }
                    try channel.pipeline.syncOperations.addHandler(Entrance(proxy, port: port))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        proxy.state.withLock { $0.port = listener.localAddress?.port ?? 0 }
        let result: Result
        do {
            result = try await body(proxy)
        } catch {
            await proxy.stop(listener)
            throw error
        }
        await proxy.stop(listener)
        return result
    }

    private func stop(_ listener: any Channel) async {
        try? await listener.close().get()
        for channel in state.withLock(\.channels) { try? await channel.close().get() }
    }

    /// The end of a tunnel that was asked for.
    private final class Entrance: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let proxy: TunnelProxy
        private let port: Int
        private var head = ""
        private var exit: (any Channel)?

        init(_ proxy: TunnelProxy, port: Int) {
            self.proxy = proxy
            self.port = port
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            if let exit { return exit.writeAndFlush(bytes, promise: nil) }
            head += String(buffer: bytes)
            guard head.hasSuffix("\r\n\r\n") else { return }
            proxy.state.withLock { $0.requests.append(head) }
            let entrance = context.channel
            let context = NIOLoopBound(context, eventLoop: context.eventLoop)
            let this = NIOLoopBound(self, eventLoop: context.value.eventLoop)
            ClientBootstrap(group: entrance.eventLoop)
                .channelInitializer { exit in
                    exit.eventLoop.makeCompletedFuture {
                        try exit.pipeline.syncOperations.addHandler(Exit(entrance))
                    }
                }
                .connect(host: "127.0.0.1", port: port)
                .whenComplete { result in
                    guard case .success(let exit) = result else { return context.value.close(promise: nil) }
                    this.value.exit = exit
                    let answer = ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n")
                    entrance.writeAndFlush(answer, promise: nil)
                }
        }

        func channelInactive(context: ChannelHandlerContext) { exit?.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// The end of a tunnel at the target.
    private final class Exit: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let entrance: any Channel

        init(_ entrance: any Channel) { self.entrance = entrance }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            entrance.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { entrance.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
