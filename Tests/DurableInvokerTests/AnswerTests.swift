import DurableCore
import DurableInvoker
import DurableTestKit
import Testing

@Suite("What becomes of the web app's answer", .timeLimit(.minutes(1)))
struct AnswerTests {
    @Test("A value completes the attempt")
    func value() async throws {
        let outcome = try await Calls.call(.json(#"{"json":{"n":2}}"#))
        #expect(outcome == .completed(Payload(json: #"{"n":2}"#)))
    }

    @Test("An oRPC error keeps its message; its status decides")
    func orpcErrors() async throws {
        let refused = try await Calls.call(.orpcError("BAD_REQUEST", status: 400, message: "No such thing"))
        #expect(refused == .failed(.nonRetryable("No such thing")))
        let missing = try await Calls.call(.orpcError("NOT_FOUND", status: 404, message: "Gone"))
        #expect(missing == .failed(.notFound("Gone")))
        let down = try await Calls.call(.orpcError("SERVICE_UNAVAILABLE", status: 503, message: "Later"))
        #expect(down == .failed(ExecutionError(message: "Later", isRetryable: true, isInternal: true)))
    }

    @Test("A plain 404 is not found, whatever its content type")
    func plainNotFound() async throws {
        for headers in [[], [("content-type", "text/plain")]] {
            let outcome = try await Calls.call(.status(404, headers: headers, text: "Not found"))
            #expect(outcome.error?.kind == .notFound)
        }
    }

    @Test("HTML, an empty 204 and foreign JSON are no success, and worth another try", arguments: [0, 1, 2])
    func noSuccess(index: Int) async throws {
        let answers: [StubAnswer] = [.html(), .status(204), .json(#"{"ok":true}"#)]
        let outcome = try await Calls.call(answers[index])
        let error = try #require(outcome.error)
        #expect(error.kind == .generic && error.isRetryable && error.isInternal)
    }

    @Test("A redirect is not followed and is no success", arguments: [301, 302, 303, 307, 308])
    func redirects(status: Int) async throws {
        try await StubWebApp.with { _ in
            .json(#"{"json":"stolen"}"#)
        } body: { target in
            let outcome = try await Calls.call(.redirect(to: target.url + "/add2", status: status))
            let error = try #require(outcome.error)
            #expect(error.kind == .generic && error.isRetryable && error.isInternal)
            #expect(target.connections == 0)
        }
    }

    @Test("An output of 1 MiB is taken, one byte more fails for good")
    func outputLimit() async throws {
        let limit = 1024 * 1024
        let fitting = "\"" + String(repeating: "x", count: limit - 2) + "\""
        let outcome = try await Calls.call(.json(#"{"json":\#(fitting)}"#))
        #expect(outcome == .completed(Payload(json: fitting)))

        let tooLong = "\"" + String(repeating: "x", count: limit - 1) + "\""
        let refusal = try await Calls.call(.json(#"{"json":\#(tooLong)}"#))
        let error = try #require(refusal.error)
        #expect(error.kind == .generic && !error.isRetryable)
    }

    @Test(
        "An answer of 10 MiB is not read to its end: it fails for good and the connection is closed",
        arguments: [true, false]
    )
    func tooLarge(isAnnounced: Bool) async throws {
        let size = 10 * 1024 * 1024
        let answer: StubAnswer =
            isAnnounced ? .json(Array(repeating: UInt8(ascii: " "), count: size)) : .endless(bytes: size)
        try await StubWebApp.with { _ in
            answer
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                let outcome = await invoker.invoke(Calls.attempt(Calls.lease()))
                let error = try #require(outcome.error)
                #expect(!error.isRetryable)
                #expect(error.message.contains("1114112 bytes"))
                // Sooner than a connection is closed that is only idle.
                try await app.waitForOpenConnections(atMost: 0, within: .seconds(2))
            }
        }
    }

    @Test("An error whose page is too long to read, or cut off, still counts by its status")
    func unreadableErrors() async throws {
        let page = Array(repeating: UInt8(ascii: " "), count: 2 * 1024 * 1024)
        let long = try await Calls.call(.status(503, headers: [("content-type", "text/html")], body: page))
        #expect(long.error?.isRetryable == true)
        let cut = try await Calls.call(.cutOff(status: 404))
        #expect(cut.error?.kind == .notFound)
    }

    @Test("Retry-After of an error that is tried again is passed on, at most an hour")
    func retryAfter() async throws {
        func call(_ status: Int, _ value: String) async throws -> Outcome {
            try await Calls.call(.orpcError("X", status: status, message: "m", headers: [("Retry-After", value)]))
        }
        #expect(try await call(503, "2").retryAfterMs == 2000)
        #expect(try await call(429, "7").retryAfterMs == 7000)
        #expect(try await call(503, "999999").retryAfterMs == 3_600_000)
        #expect(try await call(503, "soon").retryAfterMs == 0)
        #expect(try await call(400, "2").retryAfterMs == 0)
        let date = [("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Retry-After", "Sun, 06 Nov 1994 08:49:42 GMT")]
        let plain = try await Calls.call(.status(503, headers: date, text: "busy"))
        #expect(plain.retryAfterMs == 5000)
    }
}
