import NIOCore

/// A request of the benchmark's client: always keep-alive, its body JSON.
struct Call: Sendable {
    let path: String
    let body: ByteBuffer

    init(_ path: String, body: ByteBuffer) {
        self.path = path
        self.body = body
    }

    init(_ path: String, json: String) {
        self.init(path, body: ByteBuffer(string: json))
    }
}

/// What came back.
struct Answer: Sendable {
    let status: UInt
    let body: ByteBuffer
    /// When its last byte came.
    let at = ContinuousClock.now

    var isSuccess: Bool { status == 200 }

    /// The body as text, for messages and for reading small answers.
    var text: String { String(buffer: body) }
}
