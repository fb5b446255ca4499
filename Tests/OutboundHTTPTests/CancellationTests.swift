import NIOCore
import NIOPosix
import OutboundHTTP
import Synchronization
import Testing

@Suite("Cancellation and shutdown", .timeLimit(.minutes(1)))
struct CancellationTests {
    /// Cancels a call once a peer has done its part; answers with the call's failure.
    private func cancel(
        _ script: @escaping @Sendable (inout Conversation) async throws -> Void
    ) async throws -> OutboundFailure {
        let isTime = Mutex(false)
        return try await Peer.with { conversation in
            try await script(&conversation)
            isTime.withLock { $0 = true }
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient { client in
                let call = Task { try await client.post(to: peer.url) }
                try await eventually { isTime.withLock(\.self) }
                call.cancel()
                let failure = try await Calls.failure { try await call.value }
                try await eventually { peer.closed == 1 }
                return failure
            }
        }
    }

    @Test("A call that waits for its answer is aborted, and its connection closed")
    func asked() async throws {
        let failure = try await cancel { try await $0.request() }
        #expect(failure.cause == .cancelled)
        #expect(failure.isAsked)
    }

    @Test("So is one in the middle of its answer")
    func answering() async throws {
        let failure = try await cancel { conversation in
            try await conversation.request()
            try await conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello")
        }
        #expect(failure.cause == .cancelled)
    }

    @Test("So is one in the middle of its request")
    func asking() async throws {
        let isTime = Mutex(false)
        let gate = Gate()
        try await Peer.with { conversation in
            _ = try await conversation.head()
            isTime.withLock { $0 = true }
            await gate.wait()
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient { client in
                let body = String(repeating: "x", count: 16 << 20)
                let call = Task { try await client.post(body, to: peer.url) }
                try await eventually { isTime.withLock(\.self) }
                call.cancel()
                let failure = try await Calls.failure { try await call.value }
                #expect(failure.cause == .cancelled)
                gate.open()
                try await eventually { peer.closed == 1 }
            }
        }
    }

    @Test("So is one that agrees on TLS")
    func securing() async throws {
        let isTime = Mutex(false)
        try await Peer.with { conversation in
            isTime.withLock { $0 = true }
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient { client in
                let call = Task { try await client.post(to: "https://127.0.0.1:\(peer.port)/") }
                try await eventually { isTime.withLock(\.self) }
                call.cancel()
                let failure = try await Calls.failure { try await call.value }
                #expect(failure.cause == .cancelled)
                #expect(failure.isConnecting)
                try await eventually { peer.closed == 1 }
            }
        }
    }

    @Test("One that looks for its host is, too, or is given up at its deadline", arguments: [true, false])
    func resolving(isCancelled: Bool) async throws {
        let resolver = FixedResolver(addresses: nil)
        try await Calls.withClient({ $0.resolver = { resolver.on($0) } }) { client in
            let call = Task {
                try await client.post(
                    to: "http://nowhere.test/",
                    within: isCancelled ? .seconds(20) : .seconds(2)
                )
            }
            try await eventually { resolver.hasBeenAsked }
            if isCancelled { call.cancel() }
            let failure = try await Calls.failure { try await call.value }
            #expect(failure.cause == (isCancelled ? .cancelled : .deadline))
            #expect(failure.isConnecting)
            resolver.giveUp()
        }
    }

    @available(macOS 26, *)
    @Test("One that waits for a connection leaves the queue")
    func waiting() async throws {
        let requests = Mutex(0)
        try await Peer.with { conversation in
            try await conversation.request()
            requests.withLock { $0 += 1 }
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient({ $0.connectionsPerOrigin = 1 }) { client in
                let first = Task { try await client.post(to: peer.url) }
                try await eventually { requests.withLock(\.self) == 1 }
                let second = Task.immediate { try await client.post(to: peer.url) }
                second.cancel()
                let failure = try await Calls.failure { try await second.value }
                #expect(failure.cause == .cancelled)
                #expect(failure.isWaiting)
                first.cancel()
                _ = try await Calls.failure { try await first.value }
                #expect(requests.withLock(\.self) == 1)
            }
        }
    }

    @Test("One that was cancelled before it began asks nobody")
    func before() async throws {
        try await Peer.with { conversation in
            try await conversation.request()
        } body: { peer in
            try await Calls.withClient { client in
                let gate = Gate()
                let call = Task {
                    await gate.wait()
                    return try await client.post(to: peer.url)
                }
                call.cancel()
                gate.open()
                let failure = try await Calls.failure { try await call.value }
                #expect(failure.cause == .cancelled)
                #expect(peer.accepted == 0)
            }
        }
    }

    @Test("Calls that are cancelled at any moment end, and leave the client as good as new")
    func storm() async throws {
        try await Peer.with { conversation in
            while true { try await conversation.answer(conversation.request().body) }
        } body: { peer in
            try await Calls.withClient({ $0.connectionsPerOrigin = 5 }) { client in
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<400 {
                        let call = Task { try await client.post("\(number)", to: peer.url) }
                        group.addTask {
                            for _ in 0..<number % 40 { await Task.yield() }
                            call.cancel()
                            switch await call.result {
                            case .success(let answer): #expect(answer.text == "\(number)")
                            case .failure(let error): #expect((error as? OutboundFailure)?.cause == .cancelled)
                            }
                        }
                    }
                }
                let answer = try await client.post("last", to: peer.url)
                #expect(answer.text == "last")
            }
        }
    }

    @available(macOS 26, *)
    @Test("Shutting down ends calls under way and those that wait, closes idle connections, and takes no more")
    func shutdown() async throws {
        let requests = Mutex(0)
        try await Peer.with { conversation in
            let body = try await conversation.request().body
            if body == "quick" { try await conversation.answer() }
            requests.withLock { $0 += 1 }
            await conversation.closed()
        } body: { peer in
            var configuration = OutboundConfiguration()
            configuration.connectionsPerOrigin = 1
            let client = OutboundClient(configuration)
            let idle = "http://localhost:\(peer.port)/"
            _ = try await client.post("quick", to: idle)
            let asked = Task { try await client.post(to: peer.url) }
            try await eventually { requests.withLock(\.self) == 2 }
            let waiting = Task.immediate { try await client.post(to: peer.url) }
            await client.shutdown()
            for call in [asked, waiting] {
                let failure = try await Calls.failure { try await call.value }
                #expect(failure.cause == .shutDown)
            }
            try await eventually { peer.closed == 2 }
            for url in [idle, "http://other.test/"] {
                let failure = try await Calls.failure { try await client.post(to: url) }
                #expect(failure.cause == .shutDown)
            }
            await client.shutdown()
        }
    }
}
