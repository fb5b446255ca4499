import DurableCore
import DurableInvoker
import DurableTestKit
import Testing

@Suite("What becomes of a call that brings no answer", .timeLimit(.minutes(1)))
struct FailureTests {
    /// Expects a failure of the network: another try may help, and nobody asked for anything wrong.
    private func expect(_ outcome: Outcome, _ message: String, location: SourceLocation = #_sourceLocation) {
        #expect(
            outcome
                == .failed(
                    ExecutionError(
                        message: "The procedure could not be called: \(message)",
                        isRetryable: true,
                        isInternal: true
                    )
                ),
            sourceLocation: location
        )
    }

    @Test("A web app that is down")
    func down() async throws {
        let outcome = try await LoopbackPort.withRefusing { port in
            try await Calls.call(url: "http://127.0.0.1:\(port)/rpc")
        }
        expect(outcome, "could not connect to the web app: connection refused")
    }

    @Test("A host that does not exist")
    func noSuchHost() async throws {
        // No resolver asks the network for a name with so long a part.
        let part = String(repeating: "x", count: 64)
        let outcome = try await Calls.call(url: "http://\(part).invalid/rpc?key=secret")
        expect(outcome, "the web app's host name could not be resolved")
    }

    @Test("A web app that does not speak TLS")
    func noTLS() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            let outcome = try await Calls.call(url: "https://127.0.0.1:\(app.port)/rpc")
            expect(outcome, "no secure connection to the web app: the TLS handshake failed")
        }
    }

    @Test("A web app that closes before it answers")
    func closesEarly() async throws {
        let outcome = try await Calls.call(.close)
        expect(outcome, "the web app closed the connection before it answered")
    }

    @Test("A web app that closes in the middle of its answer")
    func closesMidBody() async throws {
        let outcome = try await Calls.call(.cutOff())
        expect(outcome, "the web app's answer (status 200) was cut off after 8 bytes of its body")
    }

    @Test("A web app that answers something that is not HTTP")
    func notHTTP() async throws {
        let outcome = try await Calls.call(.raw("SSH-2.0-OpenSSH_9.2\r\n\r\n"))
        expect(outcome, "the web app's answer was not HTTP")
    }

    @Test(
        "A web app that never answers, or one byte at a time, is given up at the timeout and sees that",
        arguments: [true, false]
    )
    func timeout(isSilent: Bool) async throws {
        let answer: StubAnswer = isSilent ? .hang : .drip(every: .milliseconds(100))
        try await StubWebApp.with { _ in
            answer
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                let start = ContinuousClock.now
                let outcome = await invoker.invoke(Calls.attempt(Calls.lease(timeoutMs: 700)))
                let elapsed = ContinuousClock.now - start
                #expect(outcome == .failed(.timedOut))
                // It is the lease's timeout that counts; the task's is 20 s.
                #expect(elapsed >= .milliseconds(690) && elapsed < .seconds(10))
                try await app.waitForDisconnects(1)
            }
        }
    }

    @Test(
        "A cancelled attempt aborts its call at once, and the web app sees that",
        arguments: [true, false]
    )
    func cancellation(isSilent: Bool) async throws {
        let answer: StubAnswer = isSilent ? .hang : .drip(every: .milliseconds(20))
        try await StubWebApp.with { _ in
            answer
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                // Neither its timeout nor the answer ends the call: both take longer than the test may.
                let call = Task { await invoker.invoke(Calls.attempt(Calls.lease(timeoutMs: 600_000))) }
                try await app.waitForRequests(1)
                let start = ContinuousClock.now
                call.cancel()
                let outcome = await call.value
                #expect(outcome == .failed(.cancelled))
                try await app.waitForDisconnects(1)
                #expect(ContinuousClock.now - start < .seconds(5))
            }
        }
    }

    @Test("An attempt that was cancelled before it began asks the web app nothing")
    func cancelledBefore() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                let call = Task {
                    // Returns when this task has been cancelled.
                    await ShutdownSignal().wait()
                    return await invoker.invoke(Calls.attempt(Calls.lease()))
                }
                call.cancel()
                let outcome = await call.value
                #expect(outcome == .failed(.cancelled))
            }
            #expect(app.requests.isEmpty)
        }
    }
}
