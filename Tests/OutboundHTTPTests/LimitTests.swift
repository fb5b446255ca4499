import NIOCore
import OutboundHTTP
import Synchronization
import Testing

@Suite("How many connections there are", .timeLimit(.minutes(1)))
struct LimitTests {
    @available(macOS 26, *)
    @Test("No more connections than allowed; calls beyond wait in the order of their coming")
    func order() async throws {
        let gate = Gate()
        let asked = Mutex<[String]>([])
        try await Peer.with { conversation in
            while true {
                let body = try await conversation.request().body
                asked.withLock { $0.append(body) }
                await gate.wait()
                try await conversation.answer(body)
            }
        } body: { peer in
            try await Calls.withClient({ $0.connectionsPerOrigin = 1 }) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { _ = try await client.post("0", to: peer.url) }
                    try await eventually { asked.withLock(\.count) == 1 }
                    for number in 1...20 {
                        // Runs here up to where it waits: each has joined the queue before the next comes.
                        let template = try client.template(postingTo: peer.url)
                        let message = template.request(capacity: 2).finished(with: [Array("\(number)".utf8)])
                        let call = Task.immediate {
                            _ = try await client.send(message, limit: 100, by: .now() + .seconds(20))
                        }
                        group.addTask { try await call.value }
                    }
                    gate.open()
                    try await group.waitForAll()
                }
                #expect(asked.withLock(\.self) == (0...20).map { "\($0)" })
                #expect(peer.accepted == 1)
            }
        }
    }

    @Test("Many calls over few connections all get their own answer")
    func crowd() async throws {
        try await Peer.with { conversation in
            while true { try await conversation.answer(conversation.request().body) }
        } body: { peer in
            try await Calls.withClient({ $0.connectionsPerOrigin = 4 }) { client in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 0..<500 {
                        group.addTask { try await client.post("\(number)", to: peer.url).text == "\(number)" }
                    }
                    for try await isRight in group { #expect(isRight) }
                }
                #expect(peer.accepted <= 4)
            }
        }
    }

    @Test("A call that waits for a connection is given up at its deadline, and was never sent")
    func deadline() async throws {
        let requests = Mutex(0)
        try await Peer.with { conversation in
            try await conversation.request()
            requests.withLock { $0 += 1 }
            await conversation.closed()
        } body: { peer in
            try await Calls.withClient({ $0.connectionsPerOrigin = 1 }) { client in
                let first = Task { try await client.post(to: peer.url) }
                try await eventually { requests.withLock(\.self) == 1 }
                async let slow = Calls.failure { try await client.post(to: peer.url, within: .milliseconds(400)) }
                async let quick = Calls.failure { try await client.post(to: peer.url, within: .milliseconds(100)) }
                for failure in [try await quick, try await slow] {
                    #expect(failure.cause == .deadline)
                    #expect(failure.isWaiting)
                }
                first.cancel()
                _ = try await Calls.failure { try await first.value }
                #expect(requests.withLock(\.self) == 1)
            }
        }
    }

    @Test("When a connection breaks, the call that waits longest gets a new one")
    func replacement() async throws {
        try await Peer.with { conversation in
            let body = try await conversation.request().body
            if body != "bad" { try await conversation.answer(body) }
        } body: { peer in
            try await Calls.withClient({ $0.connectionsPerOrigin = 1 }) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<20 {
                        group.addTask {
                            if number.isMultiple(of: 3) {
                                _ = try await Calls.failure { try await client.post("bad", to: peer.url) }
                            } else {
                                let answer = try await client.post("\(number)", to: peer.url)
                                #expect(answer.text == "\(number)")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }
}
