import NIOCore
import NIOHTTP1
import NIOPosix

/// The procedures that a benchmark's workers call, with as little work as HTTP allows.
///
/// They speak just enough of oRPC: every procedure answers what it was called with, but for `nothing`, which answers
/// nothing, and `parent`, which answers as many children of ``BenchTask/plain`` as its input says.
package struct EchoServer: Sendable {
    private let channel: any Channel

    /// Where it listens, on 127.0.0.1.
    var port: Int { channel.localAddress?.port ?? 0 }

    /// Listens on a port.
    ///
    /// - Parameters:
    ///   - port: 0 is any free one.
    ///   - delay: How long a procedure takes.
    ///   - onArrival: Called with the time when a request's head has come.
    package static func start(
        port: Int,
        delay: Duration = .zero,
        onArrival: (@Sendable (ContinuousClock.Instant) -> Void)? = nil
    ) async throws -> EchoServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(EchoConnection(delay: delay, onArrival: onArrival))
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .get()
        return EchoServer(channel: channel)
    }

    /// Runs the body with a server in this process.
    static func with<Value: Sendable>(
        onArrival: @escaping @Sendable (ContinuousClock.Instant) -> Void,
        _ body: (EchoServer) async throws -> Value
    ) async throws -> Value {
        let server = try await start(port: 0, onArrival: onArrival)
        do {
            let value = try await body(server)
            try await server.channel.close()
            return value
        } catch {
            try? await server.channel.close()
            throw error
        }
    }

    /// Serves until the channel is closed.
    package func serve() async throws {
        try await channel.closeFuture.get()
    }
}
