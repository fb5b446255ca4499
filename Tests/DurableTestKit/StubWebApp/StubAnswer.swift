/// What a stub web app does with a request: bytes to write and pauses to make, one after the other.
///
/// The bytes go to the socket as they are, so that an answer can break every rule of HTTP.
package struct StubAnswer: Sendable {
    package enum Step: Sendable {
        case write([UInt8])
        case pause(Duration)
        /// Waits until the other side has closed the connection.
        case hang
        case close
    }

    package var steps: [Step]

    package init(steps: [Step]) { self.steps = steps }

    /// A complete answer with a content length.
    package static func status(
        _ status: Int,
        headers: [(String, String)] = [],
        body: [UInt8] = []
    ) -> StubAnswer {
        StubAnswer(steps: [.write(head(status, headers, contentLength: body.count) + body)])
    }

    /// A complete answer with a content length.
    package static func status(_ status: Int, headers: [(String, String)] = [], text: String) -> StubAnswer {
        .status(status, headers: headers, body: Array(text.utf8))
    }

    /// An answer of JSON bytes that are sent as they are: `{"json":…}`, an oRPC error, or something worse.
    package static func json(_ body: [UInt8], status: Int = 200, headers: [(String, String)] = []) -> StubAnswer {
        .status(status, headers: [("content-type", "application/json")] + headers, body: body)
    }

    /// An answer of JSON text that is sent as it is: `{"json":…}`, an oRPC error, or something worse.
    package static func json(_ text: String, status: Int = 200, headers: [(String, String)] = []) -> StubAnswer {
        .json(Array(text.utf8), status: status, headers: headers)
    }

    /// What a procedure that throws an `ORPCError` answers.
    package static func orpcError(
        _ code: String,
        status: Int,
        message: String,
        headers: [(String, String)] = []
    ) -> StubAnswer {
        .json(
            #"{"json":{"defined":false,"code":"\#(code)","status":\#(status),"message":"\#(message)"}}"#,
            status: status,
            headers: headers
        )
    }

    package static func html(status: Int = 200) -> StubAnswer {
        .status(status, headers: [("content-type", "text/html; charset=utf-8")], text: "<!doctype html><p>Hello")
    }

    package static func redirect(to location: String, status: Int = 302) -> StubAnswer {
        .status(status, headers: [("location", location)])
    }

    /// Never answers.
    package static let hang = StubAnswer(steps: [.hang])

    /// Closes the connection without a word.
    package static let close = StubAnswer(steps: [.close])

    /// Begins a JSON answer and closes the connection in the middle of its body.
    package static func cutOff(status: Int = 200) -> StubAnswer {
        let head = head(status, [("content-type", "application/json")], contentLength: 1000)
        return StubAnswer(steps: [.write(head + Array(#"{"json":"#.utf8)), .close])
    }

    /// Announces a long JSON answer and sends one byte of it at a time, without end.
    package static func drip(every interval: Duration = .seconds(1), bytes: Int = 3600) -> StubAnswer {
        let head = head(200, [("content-type", "application/json")], contentLength: bytes)
        let drops = Array(repeating: [Step.pause(interval), .write([UInt8(ascii: " ")])], count: bytes)
        return StubAnswer(steps: [.write(head)] + drops.flatMap(\.self))
    }

    /// A JSON answer that goes on for that many bytes, in chunks, without saying how long it will be.
    package static func endless(bytes: Int) -> StubAnswer {
        let chunk = Array(repeating: UInt8(ascii: "x"), count: 64 * 1024)
        let frame = Array("10000\r\n".utf8) + chunk + Array("\r\n".utf8)
        let head = Array(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".utf8
        )
        let frames = Array(repeating: Step.write(frame), count: bytes / chunk.count)
        return StubAnswer(steps: [.write(head)] + frames + [.write(Array("0\r\n\r\n".utf8))])
    }

    /// Bytes that need not be HTTP.
    package static func raw(_ text: String) -> StubAnswer {
        StubAnswer(steps: [.write(Array(text.utf8)), .close])
    }

    /// The same answer, after a while.
    package func delayed(by delay: Duration) -> StubAnswer {
        StubAnswer(steps: [.pause(delay)] + steps)
    }

    private static func head(_ status: Int, _ headers: [(String, String)], contentLength: Int) -> [UInt8] {
        var text = "HTTP/1.1 \(status) Status\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        // No body and no length may follow these.
        if status != 204 && status != 304 { text += "content-length: \(contentLength)\r\n" }
        return Array((text + "\r\n").utf8)
    }
}
