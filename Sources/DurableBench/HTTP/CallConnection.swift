import NIOCore
import NIOHTTP1
import NIOPosix

/// A keep-alive connection to a server of this machine, for one call at a time.
struct CallConnection {
    private let outbound: NIOAsyncChannelOutboundWriter<Call>
    private var inbound: NIOAsyncChannelInboundStream<Answer>.AsyncIterator

    /// Runs the body with a connection and closes it.
    static func with<Value: Sendable>(
        port: Int,
        _ body: (inout CallConnection) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap.calling(port: port) { channel in
            try NIOAsyncChannel<Answer, Call>(wrappingChannelSynchronously: channel)
        }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = CallConnection(outbound: outbound, inbound: inbound.makeAsyncIterator())
            return try await body(&connection)
        }
    }

    /// Sends a call and waits for its answer.
    mutating func send(_ call: Call) async throws -> Answer {
        try await outbound.write(call)
        guard let answer = try await inbound.next(isolation: #isolation) else {
            throw BenchError("The connection was closed before \(call.path) was answered")
        }
        return answer
    }

    /// Sends a call to a procedure and returns its answer, which has to be a success.
    mutating func call(_ procedure: String, json: String) async throws -> Answer {
        let answer = try await send(Call("/rpc/\(procedure)", json: json))
        guard answer.isSuccess else { throw BenchError("\(procedure) answered \(answer.status): \(answer.text)") }
        return answer
    }
}

extension ClientBootstrap {
    /// Connects to a port of this machine, for calls.
    static func calling<Output: Sendable>(
        port: Int,
        on group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        _ initialize: @escaping @Sendable (any Channel) throws -> Output
    ) async throws -> Output {
        try await ClientBootstrap(group: group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(CallCodec(host: "127.0.0.1:\(port)"))
                    return try initialize(channel)
                }
            }
    }
}
