internal import NIOCore

/// What all calls of one procedure have in common: a POST to one URL with the same headers, rendered once.
package struct RequestTemplate: Sendable {
    /// Whether the peer is spoken to over TLS.
    package let isSecure: Bool
    let origin: Origin
    /// The request line and the headers that every call carries, without the empty line that ends a head.
    let head: [UInt8]
    /// Whether the peer may be sent the same request again when it is unknown what became of the first.
    let isRepeatable: Bool

    /// Begins the request of one call.
    ///
    /// - Parameter capacity: How many bytes the call's own headers and its body come to, about.
    package func request(capacity: Int) -> RequestHead { RequestHead(self, capacity: capacity) }
}

/// The head of a call's request, to which the call's own headers are added.
package struct RequestHead {
    private let template: RequestTemplate
    private var bytes: ByteBuffer

    init(_ template: RequestTemplate, capacity: Int) {
        self.template = template
        bytes = ByteBufferAllocator().buffer(capacity: template.head.count + capacity + 32)
        bytes.writeBytes(template.head)
    }

    /// Adds a header; adds nothing when its value cannot be sent, such as one with a line break.
    ///
    /// - Returns: Whether it was added.
    @discardableResult
    package mutating func add(_ name: HeaderName, _ value: String) -> Bool {
        guard HeaderField.isValue(value) else { return false }
        bytes.writeBytes(name.bytes)
        bytes.writeString(value)
        bytes.writeStaticString("\r\n")
        return true
    }

    /// Ends the head and adds the body.
    ///
    /// - Parameter body: Its parts, one after the other.
    package consuming func finished(with body: [[UInt8]]) -> RequestMessage {
        let length = body.reduce(0) { $0 + $1.count }
        bytes.writeStaticString("content-length: ")
        bytes.writeString(String(length))
        bytes.writeStaticString("\r\n\r\n")
        for part in body { bytes.writeBytes(part) }
        return RequestMessage(template: template, bytes: bytes)
    }
}

/// A complete request.
package struct RequestMessage: Sendable {
    let template: RequestTemplate
    let bytes: ByteBuffer
}
