import NIOHTTP1
import OutboundHTTP
import Testing

@Suite("How answers are read", .timeLimit(.minutes(1)))
struct FramingTests {
    /// Posts twice to a peer that answers every request of a connection with the same bytes.
    private func answers(_ text: String, closing: Bool = false) async throws -> (
        answers: [OutboundAnswer], accepted: Int
    ) {
        try await Peer.with { conversation in
            repeat {
                try await conversation.request()
                try await conversation.write(text)
            } while !closing
        } body: { peer in
            try await Calls.withClient { client in
                let answers = [try await client.post(to: peer.url), try await client.post(to: peer.url)]
                return (answers, peer.accepted)
            }
        }
    }

    @Test("The request is a POST with host, length and body")
    func request() async throws {
        try await Peer.with { conversation in
            let (head, body) = try await conversation.request()
            try await conversation.answer(head + body)
        } body: { peer in
            try await Calls.withClient { client in
                let answer = try await client.post("[1]", to: peer.url + "?x=1")
                let host = "127.0.0.1:\(peer.port)"
                #expect(
                    answer.text == "POST /rpc?x=1 HTTP/1.1\r\nhost: \(host)\r\ncontent-length: 3\r\n\r\n[1]"
                )
            }
        }
    }

    @Test(
        "A body ends where its length or its last chunk says, and the connection is used again",
        arguments: [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\ntrailer: 1\r\n\r\n",
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        ]
    )
    func keptConnections(text: String) async throws {
        let (answers, accepted) = try await answers(text)
        #expect(answers.map(\.text) == ["hello", "hello"])
        #expect(answers.map(\.status) == [200, 200])
        #expect(accepted == 1)
    }

    @Test(
        "An answer without a body has none, whatever its head says",
        arguments: ["HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\ncontent-length: 99999999\r\n\r\n"]
    )
    func noBody(text: String) async throws {
        let (answers, accepted) = try await answers(text)
        #expect(answers.allSatisfy { $0.body.isEmpty })
        #expect(accepted == 1)
    }

    @Test("A body without length ends with the connection")
    func untilClose() async throws {
        let (answers, accepted) = try await answers("HTTP/1.1 200 OK\r\n\r\nhello", closing: true)
        #expect(answers.map(\.text) == ["hello", "hello"])
        #expect(accepted == 2)
    }

    @Test(
        "A connection that is to be closed carries no second call",
        arguments: [
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        ]
    )
    func closing(text: String) async throws {
        let (answers, accepted) = try await answers(text)
        #expect(answers.map(\.text) == ["hello", "hello"])
        #expect(accepted == 2)
    }

    @Test(
        "Bytes after an answer take nothing from it, and end the connection",
        arguments: ["x", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil", "\0"]
    )
    func surplus(text: String) async throws {
        let (answers, accepted) = try await answers("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello" + text)
        #expect(answers.map(\.text) == ["hello", "hello"])
        #expect(accepted == 2)
    }

    @Test("Bytes that come while nothing was asked end the connection")
    func unasked() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
            try await conversation.answer("\(conversation.number)")
            try await conversation.write("HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient { client in
                let first = try await client.post(to: peer.url)
                try await eventually { peer.closed == 1 }
                let second = try await client.post(to: peer.url)
                #expect([first.text, second.text] == ["0", "1"])
            }
        }
    }

    @Test("An answer that comes one byte at a time is read all the same")
    func dripping() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
            for byte in "HTTP/1.1 200 OK\r\nx-long: yes\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" {
                try await conversation.write(String(byte))
            }
        } body: { peer in
            try await Calls.withClient { client in
                let answer = try await client.post(to: peer.url)
                #expect(answer.text == "hello")
                #expect(answer.headers.first(name: "x-long") == "yes")
            }
        }
    }

    @Test("An answer may come before the request was read to its end; the connection is not used again")
    func early() async throws {
        try await Peer.with { conversation in
            _ = try await conversation.head()
            try await conversation.answer("too much", status: 413)
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient { client in
                let body = String(repeating: "x", count: 16 << 20)
                for _ in 0..<2 {
                    let answer = try await client.post(body, to: peer.url)
                    #expect(answer.status == 413)
                    #expect(answer.text == "too much")
                }
                #expect(peer.accepted == 2)
            }
        }
    }
}
