import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// A peer on a real socket of 127.0.0.1 that does with each connection what a test says, byte by byte.
final class Peer: Sendable {
    private struct State {
        var accepted = 0
        var closed = 0
        var open: [ObjectIdentifier: any Channel] = [:]
    }

    private let state = Mutex(State())
    private let portOfListener = Mutex(0)

    var port: Int { portOfListener.withLock(\.self) }
    var url: String { "http://127.0.0.1:\(port)/rpc" }
    /// How many connections it has accepted.
    var accepted: Int { state.withLock(\.accepted) }
    /// How many connections are over, on its side as well.
    var closed: Int { state.withLock(\.closed) }

    /// Runs a peer while `body` runs.
    ///
    /// - Parameters:
    ///   - tls: What it speaks TLS with; `nil` for none.
    ///   - script: What it does with a connection, which is closed at the script's end; connections overlap.
    static func with<Result>(
        tls: NIOSSLContext? = nil,
        script: @escaping @Sendable (inout Conversation) async throws -> Void,
        body: (Peer) async throws -> Result
    ) async throws -> Result {
        let peer = Peer()
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // A script reads when it wants to: what it leaves unread holds the other side up.
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    let (bytes, source) = AsyncStream<ByteBuffer>.makeStream()
                    // Not before the connection is there: it could not be read from.
                    let feed = Feed(source) { peer.play(script, on: channel, reading: bytes) }
                    try channel.pipeline.syncOperations.addHandler(feed)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        peer.portOfListener.withLock { $0 = listener.localAddress?.port ?? 0 }
        let result: Result
        do {
            result = try await body(peer)
        } catch {
            await peer.stop(listener)
            throw error
        }
        await peer.stop(listener)
        return result
    }

    private func stop(_ listener: any Channel) async {
        try? await listener.close().get()
        for channel in state.withLock({ Array($0.open.values) }) { try? await channel.close().get() }
    }

    private func play(
        _ script: @escaping @Sendable (inout Conversation) async throws -> Void,
        on channel: any Channel,
        reading bytes: AsyncStream<ByteBuffer>
    ) {
        let number = state.withLock { state in
            defer { state.accepted += 1 }
            state.open[ObjectIdentifier(channel)] = channel
            return state.accepted
        }
        let playing = Task {
            var conversation = Conversation(number: number, channel: channel, bytes: bytes.makeAsyncIterator())
            try? await script(&conversation)
            try? await channel.close().get()
        }
        channel.closeFuture.whenComplete { _ in
            playing.cancel()
            self.state.withLock { state in
                state.closed += 1
                state.open[ObjectIdentifier(channel)] = nil
            }
        }
    }
}

/// Passes what arrives on to a script.
private final class Feed: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let bytes: AsyncStream<ByteBuffer>.Continuation
    private let begin: () -> Void

    init(_ bytes: AsyncStream<ByteBuffer>.Continuation, begin: @escaping () -> Void) {
        self.bytes = bytes
        self.begin = begin
    }

    func channelActive(context: ChannelHandlerContext) { begin() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { bytes.yield(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { bytes.finish() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A peer's side of one connection.
struct Conversation {
    struct Ended: Error {}

    /// Which connection of the peer's life it is, counted from 0.
    let number: Int
    let channel: any Channel
    private var bytes: AsyncStream<ByteBuffer>.Iterator
    private var received = ""

    init(number: Int, channel: any Channel, bytes: AsyncStream<ByteBuffer>.Iterator) {
        self.number = number
        self.channel = channel
        self.bytes = bytes
    }

    /// Reads the head of a request, its empty line included.
    mutating func head() async throws -> String {
        while true {
            if let end = received.range(ofText: "\r\n\r\n") {
                let head = String(received[..<end])
                received = String(received[end...])
                return head
            }
            try await more()
        }
    }

    /// Reads a whole request of ASCII; answers with its head and its body.
    @discardableResult
    mutating func request() async throws -> (head: String, body: String) {
        let head = try await head()
        let line = head.split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
        let length = line.flatMap { Int($0.dropFirst(16)) } ?? 0
        while received.utf8.count < length { try await more() }
        let body = String(received.prefix(length))
        received = String(received.dropFirst(length))
        return (head, body)
    }

    /// Reads whatever comes first.
    mutating func something() async throws {
        try await more()
        received = ""
    }

    private mutating func more() async throws {
        channel.read()
        guard let bytes = await bytes.next(isolation: #isolation) else { throw Ended() }
        received += String(buffer: bytes)
    }

    func write(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    /// Writes a complete answer.
    func answer(_ body: String = "", status: Int = 200, headers: String = "") async throws {
        try await write("HTTP/1.1 \(status) Status\r\n\(headers)content-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Waits until the other side has closed the connection.
    mutating func closed() async {
        repeat { channel.read() } while await bytes.next(isolation: #isolation) != nil
    }

    /// Closes the connection without TLS's goodbye.
    func cut() async throws {
        try await channel.eventLoop.flatSubmit { [channel] in
            let closed = channel.eventLoop.makePromise(of: Void.self)
            do {
                let context = try channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
                context.close(promise: closed)
            } catch {
                closed.fail(error)
            }
            return closed.futureResult
        }.get()
    }

    /// Closes the connection the hard way.
    func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close().get()
    }
}

extension String {
    /// The end of a text's first occurrence.
    fileprivate func range(ofText text: String) -> String.Index? {
        let bytes = Array(utf8)
        let pattern = Array(text.utf8)
        guard bytes.count >= pattern.count else { return nil }
        for start in 0...(bytes.count - pattern.count) where bytes[start..<start + pattern.count].elementsEqual(pattern)
        {
            return utf8.index(utf8.startIndex, offsetBy: start + pattern.count)
        }
        return nil
    }
}
