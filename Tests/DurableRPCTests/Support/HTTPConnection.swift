import NIOCore
import NIOPosix

/// One HTTP/1.1 connection, byte by byte: a client that can do everything wrong.
enum HTTPConnection {
    struct Reply: Sendable {
        var status: Int
        /// By lower-case name.
        var headers: [String: String]
        var body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }
    }

    /// Connects, runs the body, and hangs up.
    static func with<Result: Sendable>(
        port: Int,
        _ body: @Sendable (inout HTTPReader) async throws -> Result
    ) async throws -> Result {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var reader = HTTPReader(iterator: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&reader)
        }
    }
}

/// Writes requests and reads answers.
struct HTTPReader {
    struct Closed: Error {}

    var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private var buffer: [UInt8] = []

    init(
        iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) {
        self.iterator = iterator
        self.outbound = outbound
    }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

    /// Reads one answer.
    ///
    /// - Parameter hasBody: Whether a body follows where the head speaks of one; not so after a HEAD.
    mutating func reply(hasBody: Bool = true) async throws -> HTTPConnection.Reply {
        let end = Array("\r\n\r\n".utf8)
        var headLength: Int?
        while headLength == nil {
            headLength = buffer.indices.first { buffer[$0...].starts(with: end) }
            if headLength == nil { try await fill() }
        }
        let length = headLength ?? 0
        let lines = String(decoding: buffer[..<length], as: UTF8.self).split(separator: "\r\n")
        buffer.removeFirst(length + end.count)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        }
        let status = Int(lines.first?.split(separator: " ").dropFirst().first ?? "") ?? 0
        let bodyLength = hasBody && status >= 200 ? Int(headers["content-length"] ?? "0") ?? 0 : 0
        while buffer.count < bodyLength { try await fill() }
        let body = Array(buffer[..<bodyLength])
        buffer.removeFirst(bodyLength)
        return HTTPConnection.Reply(status: status, headers: headers, body: body)
    }

    /// Whether the server hangs up without sending anything more.
    mutating func isClosed() async throws -> Bool {
        do {
            while buffer.isEmpty { try await fill() }
            return false
        } catch {
            return true
        }
    }

    private mutating func fill() async throws {
        guard let more = try await iterator.next(isolation: #isolation) else { throw Closed() }
        buffer.append(contentsOf: more.readableBytesView)
    }
}
