import NIOCore
import OutboundHTTP
import Testing

@Suite("Peers that misbehave", .timeLimit(.minutes(1)))
struct BrokenPeerTests {
    /// The failure of a call to a peer; whatever it is, the next call works, on a connection of its own.
    private func failure(
        limit: Int = 1000,
        within time: TimeAmount = .seconds(20),
        location: SourceLocation = #_sourceLocation,
        _ script: @escaping @Sendable (inout Conversation) async throws -> Void
    ) async throws -> OutboundFailure {
        try await Peer.with { conversation in
            guard conversation.number == 1 else { return try await script(&conversation) }
            try await conversation.request()
            try await conversation.answer("fine")
        } body: { peer in
            try await Calls.withClient { client in
                let failure = try await Calls.failure(location: location) {
                    try await client.post(to: peer.url, limit: limit, within: time)
                }
                let next = try await client.post(to: peer.url)
                #expect(next.text == "fine", sourceLocation: location)
                try await eventually(location: location) { peer.closed >= 1 }
                return failure
            }
        }
    }

    @Test("Closes at once")
    func closesOnAccept() async throws {
        let failure = try await failure { _ in }
        #expect(failure.cause == .closed)
        #expect(failure.isAsked)
    }

    @Test("Closes after the request", arguments: ["", "HTTP/1.1 200 OK\r\ncontent-le"])
    func closesBeforeHead(text: String) async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write(text)
        }
        #expect(failure.cause == .closed)
        #expect(failure.isAsked)
    }

    @Test(
        "Closes in the middle of the body",
        arguments: ["content-length: 10\r\n\r\nhello", "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"]
    )
    func closesMidBody(text: String) async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write("HTTP/1.1 200 OK\r\n" + text)
        }
        #expect(failure.cause == .closed)
        #expect(failure.answer?.status == 200)
        #expect(failure.answer?.text == "hello")
    }

    @Test("Resets the connection instead of an answer")
    func resets() async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.reset()
        }
        #expect(failure.cause == .closed)
        #expect(failure.isAsked)
    }

    @Test("Resets the connection in a body that ends with the connection: that is not its end")
    func resetsMidBody() async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write("HTTP/1.1 200 OK\r\n\r\nhello")
            try await conversation.reset()
        }
        #expect(failure.cause == .closed)
    }

    @Test("Never answers, or never ends", arguments: ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\nhello"])
    func hangs(text: String) async throws {
        let hasBegun = text.hasSuffix("hello")
        // What there is of an answer has to come before the deadline.
        let failure = try await failure(within: hasBegun ? .seconds(2) : .milliseconds(200)) { conversation in
            try await conversation.request()
            try await conversation.write(text)
            await conversation.closed()
        }
        #expect(failure.cause == .deadline)
        #expect(failure.answer?.text == (hasBegun ? "hello" : nil))
    }

    @Test(
        "Sends one header, one information or one byte after the other, for ever",
        arguments: [
            ("HTTP/1.1 200 OK\r\n", "x: y\r\n"), ("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", "x"), ("HTTP/1.1 200 ", "O"),
        ]
    )
    func drips(start: String, drop: String) async throws {
        let failure = try await failure(within: .milliseconds(200)) { conversation in
            try await conversation.request()
            try await conversation.write(start)
            while !Task.isCancelled {
                try await conversation.write(drop)
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        #expect(failure.cause == .deadline)
    }

    @Test(
        "Sends a head without end",
        arguments: ["x-many: " + String(repeating: "x", count: 1000) + "\r\n", String(repeating: "x", count: 1000)]
    )
    func oversizedHead(part: String) async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write("HTTP/1.1 200 OK\r\n")
            for _ in 0..<200 { try await conversation.write(part) }
            await conversation.closed()
        }
        #expect(failure.cause == .headTooLong)
        #expect(failure.isAsked)
    }

    @Test("Announces more than is read: nothing of it is")
    func announcedBody() async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\nhello")
            await conversation.closed()
        }
        #expect(failure.cause == .bodyTooLong)
        #expect(failure.answer?.body.isEmpty == true)
    }

    @Test("Sends more than is read without saying so", arguments: ["", "transfer-encoding: chunked\r\n"])
    func oversizedBody(header: String) async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write("HTTP/1.1 200 OK\r\n\(header)\r\n")
            let part = String(repeating: "x", count: 600)
            while !Task.isCancelled { try await conversation.write(header.isEmpty ? part : "258\r\n\(part)\r\n") }
        }
        #expect(failure.cause == .bodyTooLong)
        #expect((failure.answer?.body.count ?? 0) <= 1000)
    }

    @Test("Sends exactly what is read: that is an answer")
    func exactBody() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
            try await conversation.answer(String(repeating: "x", count: 1000))
        } body: { peer in
            try await Calls.withClient { client in
                let answer = try await client.post(to: peer.url, limit: 1000)
                #expect(answer.body.count == 1000)
            }
        }
    }

    @Test(
        "Sends what is not HTTP/1.1",
        arguments: [
            "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "\0\0\0\0\0\0",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        ]
    )
    func notHTTP(text: String) async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write(text)
            await conversation.closed()
        }
        #expect(failure.cause == .malformed)
    }

    @Test("Sends a chunk that is none")
    func badChunk() async throws {
        let failure = try await failure { conversation in
            try await conversation.request()
            try await conversation.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
            await conversation.closed()
        }
        #expect(failure.cause == .malformed)
        #expect(failure.answer?.text == "hello")
    }
}
