import NIOCore
import NIOSSL
import OutboundHTTP
import Testing

@Suite("Secure connections", .timeLimit(.minutes(1)))
struct TLSTests {
    /// Posts to a peer with a certificate; the client trusts its authority, if that is asked for.
    private func post(
        _ server: (Certificates) -> NIOSSLContext,
        host: String = "localhost",
        isTrusted: Bool = true
    ) async throws -> Result<[OutboundAnswer], any Error> {
        try await Certificates.with { certificates in
            try await Peer.with(tls: server(certificates)) { conversation in
                while true { try await conversation.answer(conversation.request().body) }
            } body: { peer in
                try await Calls.withClient({ configuration in
                    if isTrusted { configuration.trustRoots = .certificates(certificates.authority) }
                }) { client in
                    let url = "https://\(host):\(peer.port)/"
                    do {
                        var answers: [OutboundAnswer] = []
                        for number in 0..<3 { answers.append(try await client.post("\(number)", to: url)) }
                        #expect(peer.accepted == 1)
                        return .success(answers)
                    } catch {
                        return .failure(error)
                    }
                }
            }
        }
    }

    @Test(
        "A certificate of a trusted authority for this name, or this address, is good",
        arguments: ["localhost", "127.0.0.1"]
    )
    func valid(host: String) async throws {
        let answers = try await post(\.valid, host: host).get()
        #expect(answers.map(\.text) == ["0", "1", "2"])
    }

    @Test("A certificate of an unknown authority is not")
    func untrusted() async throws {
        let result = try await post(\.valid, isTrusted: false)
        let failure = #expect(throws: OutboundFailure.self) { try result.get() }
        #expect(failure?.cause == .untrusted)
        #expect(failure?.isConnecting == true)
    }

    @Test("A certificate for another host is not", arguments: ["localhost", "127.0.0.1"])
    func wrongHost(host: String) async throws {
        let result = try await post(\.foreign, host: host)
        let failure = #expect(throws: OutboundFailure.self) { try result.get() }
        #expect(failure?.cause == .wrongHost)
        #expect(failure?.isConnecting == true)
    }

    @Test("A certificate whose time is over is not")
    func expired() async throws {
        let result = try await post(\.expired)
        let failure = #expect(throws: OutboundFailure.self) { try result.get() }
        #expect(failure?.cause == .untrusted)
    }

    @Test("A peer that does not speak TLS", arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", ""])
    func plain(text: String) async throws {
        try await Peer.with { conversation in
            try await conversation.something()
            try await conversation.write(text)
        } body: { peer in
            try await Calls.withClient { client in
                let failure = try await Calls.failure { try await client.post(to: "https://localhost:\(peer.port)/") }
                #expect(failure.cause == .handshake)
                #expect(failure.isConnecting)
            }
        }
    }

    @Test(
        "A handshake that stalls is given up at the deadline, or when connecting has taken too long",
        arguments: [true, false]
    )
    func stalled(isDeadline: Bool) async throws {
        try await Peer.with { conversation in
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient({ if !isDeadline { $0.connectTimeout = .seconds(2) } }) { client in
                let failure = try await Calls.failure {
                    try await client.post(
                        to: "https://127.0.0.1:\(peer.port)/",
                        within: isDeadline ? .seconds(2) : .seconds(20)
                    )
                }
                #expect(failure.cause == (isDeadline ? .deadline : .connectTimeout))
                #expect(failure.isConnecting)
                try await eventually { peer.closed == 1 }
            }
        }
    }

    @Test("A body that ends with the connection is whole only if the peer said goodbye", arguments: [true, false])
    func truncation(isClean: Bool) async throws {
        try await Certificates.with { certificates in
            try await Peer.with(tls: certificates.valid) { conversation in
                try await conversation.request()
                try await conversation.write("HTTP/1.1 200 OK\r\n\r\nhello")
                if !isClean { try await conversation.cut() }
            } body: { peer in
                try await Calls.withClient({ $0.trustRoots = .certificates(certificates.authority) }) { client in
                    let url = "https://localhost:\(peer.port)/"
                    if isClean {
                        let answer = try await client.post(to: url)
                        #expect(answer.text == "hello")
                    } else {
                        let failure = try await Calls.failure { try await client.post(to: url) }
                        #expect(failure.cause == .closed)
                    }
                }
            }
        }
    }
}
