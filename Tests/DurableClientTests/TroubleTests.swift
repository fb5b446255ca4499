import DurableClient
import DurableTestKit
import Testing

@Suite("A service that is not there, or is none", .timeLimit(.minutes(1)))
struct TroubleTests {
    private let id = ExecutionID(bits: 1)

    private func task(_ url: String, _ configuration: DurableClient.Configuration = .init()) throws -> RemoteTask<
        Void, Int
    > {
        try DurableClient(url: url, token: "secret", configuration: configuration).task("test", output: Int.self)
    }

    /// What waiting for an execution is answered with once it has finished.
    private static let finished = StubAnswer.json(
        """
        {"json":{"taskId":"test","executionId":"te_00000000000000000000000000000001","areChildrenSequential":false,\
        "retryOptions":{"maxAttempts":0},"sleepMsBeforeRun":0,"timeoutMs":1000,"status":"completed","output":7,\
        "retryAttempts":0,"startAt":"2024-02-29T12:34:56.789Z","createdAt":"2024-02-29T12:34:56.789Z",\
        "updatedAt":"2024-02-29T12:34:56.789Z","somethingNew":true},\
        "meta":[[1,"startAt"],[1,"createdAt"],[1,"updatedAt"]]}
        """
    )

    @Test(
        "URLs that are none are refused at once",
        arguments: [
            "", "localhost:8080/rpc", "ftp://localhost/rpc", "http://", "http:///rpc", "http://a/rpc?x", "http://a b/",
        ]
    )
    func invalidURL(_ url: String) {
        #expect(throws: DurableClientError.invalidURL(url)) { try DurableClient(url: url) }
    }

    @Test("Calls are POSTs below the URL, with the token; a slash at the URL's end makes no difference")
    func request() async throws {
        try await StubWebApp.with { _ in
            .json(#"{"json":"te_00000000000000000000000000000001"}"#)
        } body: { app in
            let enqueued = try await task(app.url + "/").enqueue()
            #expect(enqueued == id)
            let request = try #require(app.requests.first)
            #expect(request.method == "POST")
            #expect(request.uri == "/rpc/enqueueTask")
            #expect(request["authorization"] == "Bearer secret")
            #expect(request["content-type"] == "application/json")
            #expect(request.text == #"{"json":{"taskId":"test"}}"#)
        }
    }

    @Test("Answers that are not the service's are told apart from its refusals")
    func foreignAnswers() async throws {
        let answers: [StubAnswer] = [
            .html(), .redirect(to: "/elsewhere"), .json("{}"), .json(#"{"ok":true}"#), .json(#"{"json":5}"#),
        ]
        for answer in answers {
            try await StubWebApp.with { _ in
                answer
            } body: { app in
                let error = await #expect(throws: DurableClientError.self) { try await task(app.url).enqueue() }
                guard case .unexpectedAnswer? = error else {
                    Issue.record("unexpected \(String(describing: error))")
                    return
                }
                #expect(app.requests.count == 1)
            }
        }
    }

    @Test("A proxy's error page counts by its status, and says when to come back")
    func errorPage() async throws {
        try await StubWebApp.with { _ in
            .status(503, headers: [("retry-after", "7")], text: "busy")
        } body: { app in
            let error = await #expect(throws: DurableClientError.self) { try await task(app.url).enqueue() }
            guard case .refused(let refusal)? = error else {
                Issue.record("unexpected \(String(describing: error))")
                return
            }
            #expect(refusal.code == "SERVICE_UNAVAILABLE")
            #expect(refusal.retryAfter == .seconds(7))
            #expect(error?.isTransient == true)
        }
    }

    @Test("No answer, or half of one, is unreachable; one that does not come in time is timed out")
    func noAnswer() async throws {
        for answer in [StubAnswer.close, .cutOff()] {
            try await StubWebApp.with { _ in
                answer
            } body: { app in
                let error = await #expect(throws: DurableClientError.self) { try await task(app.url).enqueue() }
                guard case .unreachable? = error else {
                    Issue.record("unexpected \(String(describing: error))")
                    return
                }
            }
        }
        for answer in [StubAnswer.hang, .drip()] {
            try await StubWebApp.with { _ in
                answer
            } body: { app in
                var configuration = DurableClient.Configuration()
                configuration.requestTimeout = .milliseconds(200)
                let task = try task(app.url, configuration)
                await #expect(throws: DurableClientError.timedOut) { try await task.enqueue() }
            }
        }
    }

    @Test("A wait lives through a service that fails for a while")
    func patience() async throws {
        try await StubWebApp.with { request in
            switch request.number {
            case 0: .close
            case 1: .status(503, text: "restarting")
            default: Self.finished
            }
        } body: { app in
            let execution = try await task(app.url).wait(id)
            #expect(execution.output == 7)
            #expect(app.requests.count == 3)
        }
    }

    @Test("A wait gives up on a service that does not come back, and at once on one that refuses")
    func impatience() async throws {
        var configuration = DurableClient.Configuration()
        configuration.waitPatience = .milliseconds(300)
        try await StubWebApp.with { _ in
            .status(503, text: "down")
        } body: { app in
            let task = try task(app.url, configuration)
            let error = await #expect(throws: DurableClientError.self) { try await task.wait(id) }
            #expect(error?.isTransient == true)
            #expect(app.requests.count > 1)
        }
        try await StubWebApp.with { _ in
            .status(401, text: "who?")
        } body: { app in
            let error = await #expect(throws: DurableClientError.self) { try await task(app.url).wait(id) }
            #expect(error?.isTransient == false)
            #expect(app.requests.count == 1)
        }
    }
}
