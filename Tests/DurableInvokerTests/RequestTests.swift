import DurableCore
import DurableInvoker
import DurableTestKit
import Testing

@Suite("What the web app sees of a call", .timeLimit(.minutes(1)))
struct RequestTests {
    @Test("A call carries exactly these headers")
    func headers() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            let lease = Calls.lease(
                input: Payload(json: #"{"n":1}"#),
                timeoutMs: 5000,
                attempt: 7,
                retryAttempts: 2,
                trace: TraceContext(traceparent: "00-0af7-b7ad-01", tracestate: "vendor=1")
            )
            try await Calls.withInvoker(url: app.url, headers: ["authorization": "Bearer T"]) { invoker in
                _ = await invoker.invoke(Calls.attempt(lease))
            }
            let request = try #require(app.requests.first)
            #expect(request.method == "POST")
            #expect(request.uri == "/rpc/add2")
            let id = "te_01920000000070008000000000000001"
            let expected = [
                "authorization": "Bearer T",
                "content-length": "16",
                "content-type": "application/json",
                "durable-attempt": "7",
                "durable-deadline": "2023-11-14T22:13:25.000Z",
                "durable-execution-id": id,
                "durable-retry-attempt": "2",
                "durable-task-id": "add2",
                "durable-timeout-ms": "5000",
                "host": "127.0.0.1:\(app.port)",
                "idempotency-key": id,
                "traceparent": "00-0af7-b7ad-01",
                "tracestate": "vendor=1",
                "user-agent": "durable-execution",
            ]
            #expect(request.headers.count == expected.count)
            #expect(Dictionary(request.headers.map { ($0.name, $0.value) }) { first, _ in first } == expected)
        }
    }

    @Test("A retry is told what ended the attempt before, in ASCII and cut to what a header holds")
    func previousError() async throws {
        try await StubWebApp.with { _ in
            .json(#"{"json":1}"#)
        } body: { app in
            let errors: [ExecutionError] = [
                .retryable("naïve \"quote\"\n👍"), .nonRetryable(String(repeating: "x", count: 2000)),
            ]
            try await Calls.withInvoker(url: app.url) { invoker in
                for error in errors {
                    let outcome = await invoker.invoke(Calls.attempt(Calls.lease(previousError: error)))
                    #expect(outcome == .completed(Payload(json: "1")))
                }
            }
            let told = app.requests.map { request in
                request.headers.first { $0.name == "durable-previous-error" }?.value
            }
            #expect(
                told.first
                    == #"{"errorType":"generic","message":"na\u00efve \"quote\"\n\ud83d\udc4d","isRetryable":true,"isInternal":false}"#
            )
            let last = told.last ?? nil
            #expect(last?.contains(String(repeating: "x", count: 500) + #"\u2026""#) == true)
        }
    }

    @Test("Without a trace there are no trace headers, and a trace that no header can carry is left out")
    func traces() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            try await Calls.withInvoker(url: app.url) { invoker in
                _ = await invoker.invoke(Calls.attempt(Calls.lease()))
                let broken = TraceContext(traceparent: "00\r\nx-evil: 1", tracestate: "a=1")
                _ = await invoker.invoke(Calls.attempt(Calls.lease(trace: broken)))
            }
            #expect(app.requests.count == 2)
            #expect(
                app.requests.allSatisfy { $0["traceparent"] == nil && $0["tracestate"] == nil && $0["x-evil"] == nil }
            )
        }
    }

    @Test("An endpoint may name itself to its web app: user-agent is a default only")
    func userAgent() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            try await Calls.withInvoker(url: app.url, headers: ["User-Agent": "mine/1"]) { invoker in
                _ = await invoker.invoke(Calls.attempt(Calls.lease()))
            }
            #expect(app.requests.first?["user-agent"] == "mine/1")
        }
    }

    @Test("A nested procedure behind a base with a query is called at its place, keys encoded")
    func paths() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            try await Calls.withInvoker(url: app.url + "/?tenant=a%2Fb", path: "nested/ü'(1)") { invoker in
                _ = await invoker.invoke(Calls.attempt(Calls.lease()))
            }
            #expect(app.requests.first?.uri == "/rpc/nested/%C3%BC'(1)?tenant=a%2Fb")
        }
    }

    @Test("A deadline that RFC 3339 has no notation for is its last moment")
    func endlessDeadline() async throws {
        try await StubWebApp.with { _ in
            .json("{}")
        } body: { app in
            let outcome = try await Calls.call(
                url: app.url,
                lease: Calls.lease(timeoutMs: TaskOptions.largestInteger)
            )
            #expect(outcome == .completed(.undefined))
            #expect(app.requests.first?["durable-deadline"] == "9999-12-31T23:59:59.999Z")
            #expect(app.requests.first?["durable-timeout-ms"] == "9007199254740991")
        }
    }

    @Test("Input and output travel byte for byte, with their types", arguments: Payloads.all)
    func payloads(payload: Payload) async throws {
        try await StubWebApp.with { request in
            .json(request.body)
        } body: { app in
            let outcome = try await Calls.call(url: app.url, lease: Calls.lease(input: payload))
            #expect(outcome == .completed(payload))
            #expect(app.requests.first?.body == Payloads.body(of: payload))
        }
    }
}

enum Payloads {
    static let all: [Payload] = [
        .undefined,
        Payload(json: "null"),
        Payload(json: #"{"text":"日本語 ünï 😀","b":[1.0,2.50,-0,1e400]}"#),
        Payload(json: #"["\ud800","\udc00 lone","\u0000","\u00e9"]"#),
        Payload(json: #"{ "a" : [ ] , "a" : 1 }"#),
        Payload(json: Array(#"{"at":"2024-01-01T00:00:00.000Z"}"#.utf8), meta: Array(#"[[1,"at"]]"#.utf8)),
        Payload(json: Array(#"["1","2"]"#.utf8), meta: Array(#"[[0,0],[0,1]]"#.utf8)),
    ]

    static func body(of payload: Payload) -> [UInt8] {
        guard let json = payload.json else { return Array("{}".utf8) }
        let meta = payload.meta.map { Array(#","meta":"#.utf8) + $0 } ?? []
        return Array(#"{"json":"#.utf8) + json + meta + Array("}".utf8)
    }
}
