import DurableCore
import DurableInvoker
import DurableTestKit
import Testing

@Suite("How connections are used", .timeLimit(.minutes(1)))
struct ConnectionTests {
    private let one = Outcome.completed(Payload(json: "1"))

    @Test("Calls one after the other share a connection")
    func reuse() async throws {
        try await StubWebApp.with { _ in
            .json(#"{"json":1}"#)
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                for _ in 0..<50 {
                    let outcome = await invoker.invoke(Calls.attempt(Calls.lease()))
                    #expect(outcome == one)
                }
            }
            #expect(app.requests.count == 50)
            #expect(app.connections == 1)
        }
    }

    @Test("A web app that closes idle connections fails no call")
    func idleConnectionsClosed() async throws {
        try await StubWebApp.with(idleLimit: .milliseconds(500)) { _ in
            .json(#"{"json":1}"#)
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                for round in 1...3 {
                    let outcome = await invoker.invoke(Calls.attempt(Calls.lease()))
                    #expect(outcome == one)
                    #expect(app.connections == round)
                    try await app.waitForOpenConnections(atMost: 0)
                }
            }
        }
    }

    @Test("A call that meets the closing of its connection is made again, as the same attempt")
    func staleConnection() async throws {
        try await StubWebApp.with { request in
            request.number == 1 ? .close : .json(#"{"json":1}"#)
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                for attempt in 1...2 {
                    let outcome = await invoker.invoke(Calls.attempt(Calls.lease(attempt: attempt)))
                    #expect(outcome == one)
                }
            }
            #expect(app.requests.map { $0["durable-attempt"] } == ["1", "2", "2"])
            #expect(Set(app.requests.map { $0["idempotency-key"] }).count == 1)
            #expect(app.requests.map(\.connection) == [0, 0, 1])
        }
    }

    @Test("An idle connection is let go")
    func idleConnectionsAreLetGo() async throws {
        try await StubWebApp.with { _ in
            .json(#"{"json":1}"#)
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                let outcome = await invoker.invoke(Calls.attempt(Calls.lease()))
                #expect(outcome == one)
                try await app.waitForOpenConnections(atMost: 0)
            }
        }
    }

    @Test("As many calls run at once as there may be attempts")
    func concurrency() async throws {
        let count = 300
        let gate = ShutdownSignal()
        try await StubWebApp.with { _ in
            await gate.wait()
            return .json(#"{"json":1}"#)
        } body: { app in
            try await Calls.withInvoker(url: app.url, concurrency: count) { invoker in
                try await withThrowingTaskGroup(of: Outcome.self) { group in
                    for _ in 0..<count {
                        group.addTask { await invoker.invoke(Calls.attempt(Calls.lease())) }
                    }
                    // Nothing is answered before all have asked.
                    try await app.waitForRequests(count)
                    gate.raise()
                    for try await outcome in group { #expect(outcome == one) }
                }
            }
            #expect(app.connections == count)
        }
    }

    @Test("A call after a failed one works: nothing of a broken connection is left")
    func recovery() async throws {
        try await StubWebApp.with { request in
            request.number.isMultiple(of: 2) ? .cutOff() : .json(#"{"json":1}"#)
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                for _ in 0..<5 {
                    let broken = await invoker.invoke(Calls.attempt(Calls.lease()))
                    #expect(broken.error?.isRetryable == true)
                    let whole = await invoker.invoke(Calls.attempt(Calls.lease()))
                    #expect(whole == one)
                }
            }
        }
    }
}
