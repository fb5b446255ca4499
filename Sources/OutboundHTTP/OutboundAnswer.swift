package import NIOHTTP1

/// What a peer answered, as far as it was received.
package struct OutboundAnswer: Sendable {
    package let status: Int
    package let headers: HTTPHeaders
    package var body: [UInt8]

    init(_ head: HTTPResponseHead, body: [UInt8]) {
        status = Int(head.status.code)
        headers = head.headers
        self.body = body
    }
}
