import NIOCore
import OutboundHTTP
import Testing

@Suite("How connections are kept", .timeLimit(.minutes(1)))
struct KeepAliveTests {
    @Test("Calls one after the other share one connection")
    func reuse() async throws {
        try await Peer.with { conversation in
            while true {
                try await conversation.request()
                try await conversation.answer()
            }
        } body: { peer in
            try await Calls.withClient { client in
                for _ in 0..<100 { _ = try await client.post(to: peer.url) }
                #expect(peer.accepted == 1)
            }
        }
    }

    /// A peer that answers the first request of a connection and treats the next one as given, except on the last connection.
    private func secondAnswer(
        isRepeatable: Bool = true,
        goodFrom connection: Int = 1,
        _ second: @escaping @Sendable (inout Conversation) async throws -> Void
    ) async throws -> (result: Result<OutboundAnswer, any Error>, accepted: Int) {
        try await Peer.with { conversation in
            try await conversation.request()
            try await conversation.answer("\(conversation.number)")
            try await conversation.request()
            if conversation.number < connection { try await second(&conversation) }
            try await conversation.answer("again")
        } body: { peer in
            try await Calls.withClient { client in
                _ = try await client.post(to: peer.url)
                do {
                    let answer = try await client.post(to: peer.url, isRepeatable: isRepeatable)
                    return (.success(answer), peer.accepted)
                } catch {
                    return (.failure(error), peer.accepted)
                }
            }
        }
    }

    @Test(
        "A call that meets a kept connection being closed is sent once more, on a fresh one",
        arguments: [true, false]
    )
    func stale(isReset: Bool) async throws {
        let (result, accepted) = try await secondAnswer { conversation in
            if isReset { try await conversation.reset() } else { try await conversation.channel.close().get() }
            throw Conversation.Ended()
        }
        let answer = try result.get()
        #expect(answer.text == "1")
        #expect(accepted == 2)
    }

    @Test("It is not when its request is not repeatable")
    func notRepeatable() async throws {
        let (result, accepted) = try await secondAnswer(isRepeatable: false) { _ in throw Conversation.Ended() }
        let failure = #expect(throws: OutboundFailure.self) { try result.get() }
        #expect(failure?.cause == .closed)
        #expect(failure?.isAsked == true)
        #expect(accepted == 1)
    }

    @Test("It is not when a byte of an answer had come", arguments: ["H", "HTTP/1.1 100 Continue\r\n\r\n"])
    func answerBegun(text: String) async throws {
        let (result, accepted) = try await secondAnswer { conversation in
            try await conversation.write(text)
            throw Conversation.Ended()
        }
        let failure = #expect(throws: OutboundFailure.self) { try result.get() }
        #expect(failure?.cause == .closed)
        #expect(accepted == 1)
    }

    @Test("It is sent again only once: a peer that closes on the fresh connection as well has failed it")
    func onlyOnce() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
            if conversation.number == 0 {
                try await conversation.answer()
                try await conversation.request()
            }
        } body: { peer in
            try await Calls.withClient { client in
                _ = try await client.post(to: peer.url)
                let failure = try await Calls.failure { try await client.post(to: peer.url) }
                #expect(failure.cause == .closed)
                #expect(peer.accepted == 2)
            }
        }
    }

    @Test("A first call over a connection is never sent again")
    func firstCall() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
        } body: { peer in
            try await Calls.withClient { client in
                let failure = try await Calls.failure { try await client.post(to: peer.url) }
                #expect(failure.cause == .closed)
                #expect(peer.accepted == 1)
            }
        }
    }

    @Test("A connection that was closed while idle is noticed before a call is sent over it")
    func closedWhileIdle() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
            try await conversation.answer("\(conversation.number)")
        } body: { peer in
            try await Calls.withClient { client in
                for round in 0..<20 {
                    let answer = try await client.post(to: peer.url)
                    #expect(answer.text == "\(round)")
                    try await eventually { peer.closed == round + 1 }
                }
            }
        }
    }

    @Test("An idle connection is closed when its time is over, and not before")
    func reaping() async throws {
        // Before Node closes it, so that no call meets the closing.
        #expect(OutboundConfiguration().idleTimeout < .seconds(5))
        try await Peer.with { conversation in
            while true {
                try await conversation.request()
                try await conversation.answer()
            }
        } body: { peer in
            let idleTime = Duration.seconds(1)
            try await Calls.withClient({ $0.idleTimeout = TimeAmount(idleTime) }) { client in
                let start = ContinuousClock.now
                var last = start
                // No connection was idle for longer between two calls.
                var longestGap = Duration.zero
                // Each call begins the idle time anew.
                while last - start < idleTime * 2 {
                    let previous = last
                    last = .now
                    _ = try await client.post(to: peer.url)
                    longestGap = max(longestGap, ContinuousClock.now - previous)
                    try await Task.sleep(for: idleTime / 10)
                }
                let accepted = peer.accepted
                // On a busy machine the next call can come too late.
                #expect(accepted == 1 || longestGap >= idleTime)
                try await eventually { peer.closed == accepted }
                #expect(ContinuousClock.now - last >= idleTime)
                _ = try await client.post(to: peer.url)
                #expect(peer.accepted == accepted + 1)
            }
        }
    }

    @Test("A call may take longer than connections are kept idle")
    func longCall() async throws {
        let gate = Gate()
        try await Peer.with { conversation in
            try await conversation.request()
            await gate.wait()
            try await conversation.answer("late")
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient({ $0.idleTimeout = .milliseconds(20) }) { client in
                async let answer = client.post(to: peer.url)
                // Several times as long as that.
                try await Task.sleep(for: .milliseconds(100))
                gate.open()
                #expect(try await answer.text == "late")
            }
        }
    }
}
