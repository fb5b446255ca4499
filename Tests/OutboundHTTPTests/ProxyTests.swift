import NIOCore
import NIOSSL
import OutboundHTTP
import Testing

@Suite("Proxies", .timeLimit(.minutes(1)))
struct ProxyTests {
    @Test("A plain call is sent to the proxy with its whole URL, and the proxy's credentials")
    func plain() async throws {
        try await Peer.with { conversation in
            while true { try await conversation.answer(conversation.request().head) }
        } body: { proxy in
            let rules = ProxyRules(environment: ["http_proxy": "http://us%65r:p%40ss@127.0.0.1:\(proxy.port)"])
            try await Calls.withClient({ $0.proxies = rules }) { client in
                for _ in 0..<2 {
                    let answer = try await client.post("1", to: "http://app.test/rpc/add?x=1")
                    #expect(
                        answer.text == "POST http://app.test/rpc/add?x=1 HTTP/1.1\r\nhost: app.test\r\n"
                            + "proxy-authorization: Basic dXNlcjpwQHNz\r\ncontent-length: 1\r\n\r\n"
                    )
                }
                #expect(proxy.accepted == 1)
            }
        }
    }

    @Test("A secure call goes through a tunnel: the proxy sees who is called, and nothing else")
    func tunnel() async throws {
        try await Certificates.with { certificates in
            try await Peer.with(tls: certificates.valid) { conversation in
                while true { try await conversation.answer(conversation.request().head) }
            } body: { target in
                try await TunnelProxy.with(to: target.port) { proxy in
                    let rules = ProxyRules(environment: ["HTTPS_PROXY": "http://user:pass@127.0.0.1:\(proxy.port)"])
                    try await Calls.withClient({ configuration in
                        configuration.proxies = rules
                        configuration.trustRoots = .certificates(certificates.authority)
                        // Only the proxy looks for names.
                        configuration.resolver = { FixedResolver(addresses: []).on($0) }
                    }) { client in
                        // The certificate is for elsewhere: the name that was called is what counts, not the proxy's.
                        let failure = try await Calls.failure { try await client.post(to: "https://app.test/") }
                        #expect(failure.cause == .wrongHost)
                        #expect(
                            proxy.requests == [
                                "CONNECT app.test:443 HTTP/1.1\r\nhost: app.test:443\r\n"
                                    + "proxy-authorization: Basic dXNlcjpwYXNz\r\n\r\n"
                            ]
                        )
                    }
                }
            }
        }
    }

    @Test("Calls through a tunnel share it")
    func tunnelReuse() async throws {
        try await Certificates.with { certificates in
            try await Peer.with(tls: certificates.foreign) { conversation in
                while true { try await conversation.answer(conversation.request().head) }
            } body: { target in
                try await TunnelProxy.with(to: target.port) { proxy in
                    let rules = ProxyRules(environment: ["https_proxy": "127.0.0.1:\(proxy.port)"])
                    try await Calls.withClient({ configuration in
                        configuration.proxies = rules
                        configuration.trustRoots = .certificates(certificates.authority)
                    }) { client in
                        for _ in 0..<3 {
                            let answer = try await client.post("1", to: "https://elsewhere.test/x")
                            #expect(
                                answer.text == "POST /x HTTP/1.1\r\nhost: elsewhere.test\r\ncontent-length: 1\r\n\r\n"
                            )
                        }
                        #expect(proxy.requests.count == 1)
                    }
                }
            }
        }
    }

    @Test("A proxy that makes no tunnel fails the call with its status", arguments: [407, 502])
    func refused(status: Int) async throws {
        try await Peer.with { conversation in
            _ = try await conversation.head()
            try await conversation.answer("no", status: status)
            await conversation.closed()
        } body: { proxy in
            let rules = ProxyRules(environment: ["https_proxy": "127.0.0.1:\(proxy.port)"])
            try await Calls.withClient({ $0.proxies = rules }) { client in
                let failure = try await Calls.failure { try await client.post(to: "https://app.test/") }
                #expect(failure.cause == .proxyRefused(status: status))
                #expect(failure.isConnecting)
                try await eventually { proxy.closed == 1 }
            }
        }
    }

    @Test(
        "A proxy that closes, hangs or speaks something else fails the call before anything was sent",
        arguments: [("", OutboundFailure.Cause.closed), ("?", .deadline), ("SSH-2.0\r\n\r\n", .malformed)]
    )
    func broken(text: String, cause: OutboundFailure.Cause) async throws {
        try await Peer.with { conversation in
            _ = try await conversation.head()
            if cause == .malformed { try await conversation.write(text) }
            if cause != .closed { await conversation.closed() }
        } body: { proxy in
            let rules = ProxyRules(environment: ["https_proxy": "127.0.0.1:\(proxy.port)"])
            try await Calls.withClient({ $0.proxies = rules }) { client in
                let failure = try await Calls.failure {
                    try await client.post(
                        to: "https://app.test/",
                        within: cause == .deadline ? .milliseconds(100) : .seconds(20)
                    )
                }
                #expect(failure.cause == cause)
                #expect(failure.isConnecting)
            }
        }
    }

    @Test("This machine is called directly, whatever the environment says")
    func loopback() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
            try await conversation.answer("direct")
        } body: { peer in
            let rules = ProxyRules(environment: ["http_proxy": "http://127.0.0.1:9"])
            try await Calls.withClient({ $0.proxies = rules }) { client in
                let answer = try await client.post(to: peer.url)
                #expect(answer.text == "direct")
            }
        }
    }
}
