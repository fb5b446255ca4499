import DurableTestKit
import NIOCore
import OutboundHTTP
import Testing

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

@Suite("How connections are made", .timeLimit(.minutes(1)))
struct ConnectingTests {
    @Test("A port that nobody listens on refuses at once", arguments: ["127.0.0.1", "localhost"])
    func refused(host: String) async throws {
        try await LoopbackPort.withRefusing { port in
            try await Calls.withClient { client in
                let failure = try await Calls.failure { try await client.post(to: "http://\(host):\(port)/") }
                #expect(failure.cause == .unreachable(errno: ECONNREFUSED))
                #expect(failure.isConnecting)
            }
        }
    }

    @Test("A name that leads nowhere cannot be resolved")
    func unresolvable() async throws {
        let resolver = FixedResolver(addresses: [])
        try await Calls.withClient({ $0.resolver = { resolver.on($0) } }) { client in
            let failure = try await Calls.failure { try await client.post(to: "http://nowhere.test/") }
            #expect(failure.cause == .unresolvable)
            #expect(failure.isConnecting)
        }
    }

    @Test("Of several addresses the first that accepts is used")
    func severalAddresses() async throws {
        try await Peer.with { conversation in
            let head = try await conversation.request().head
            try await conversation.answer(head)
        } body: { peer in
            try await LoopbackPort.withRefusing { refusingPort in
                let resolver = FixedResolver(addresses: [
                    try SocketAddress(ipAddress: "127.0.0.1", port: refusingPort),
                    try SocketAddress(ipAddress: "127.0.0.1", port: peer.port),
                ])
                try await Calls.withClient({ $0.resolver = { resolver.on($0) } }) { client in
                    let answer = try await client.post(to: "http://app.test/")
                    #expect(answer.text.contains("\r\nhost: app.test\r\n"))
                }
            }
        }
    }

    @Test("When none accepts, the call fails, and the next one may find things better")
    func recovery() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
            try await conversation.answer("fine")
        } body: { peer in
            try await Calls.withClient({ $0.connectionsPerOrigin = 1 }) { client in
                try await LoopbackPort.withRefusing { port in
                    for _ in 0..<3 {
                        let failure = try await Calls.failure { try await client.post(to: "http://127.0.0.1:\(port)/") }
                        #expect(failure.cause == .unreachable(errno: ECONNREFUSED))
                    }
                }
                let answer = try await client.post(to: peer.url)
                #expect(answer.text == "fine")
            }
        }
    }
}
