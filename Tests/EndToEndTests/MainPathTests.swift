import DurableClient
import DurableCore
import DurableTestKit
import Synchronization
import Testing

@Suite("The main path, with real processes", .timeLimit(.minutes(3)))
struct MainPathTests {
    @Test("an execution is enqueued over HTTP, runs in the web app, and is read")
    func completes() async throws {
        try await Deployment.with { deployment in
            try await deployment.startWorker()
            let id = try await deployment.add1.enqueue(.init(n: 0))
            let execution = try await deployment.add1.wait(id, timeout: .seconds(30))
            #expect(execution.status == .completed)
            #expect(execution.output == .init(n: 1))
            let request = try #require(deployment.app.requests.first)
            #expect(request.uri == "/rpc/add1")
            #expect(request["idempotency-key"] == "\(id)")
            #expect(request["durable-attempt"] == "1")
        }
    }

    @Test("a flaky procedure is retried until it succeeds")
    func retries() async throws {
        try await Deployment.with(answering: { request in
            request["durable-retry-attempt"] == "2" ? request.plusOne : .status(503, text: "not yet")
        }) { deployment in
            try await deployment.startWorker()
            let id = try await deployment.retrying.enqueue(.init(n: 1))
            let execution = try await deployment.retrying.wait(id, timeout: .seconds(30))
            #expect(execution.status == .completed)
            #expect(execution.retryAttempts == 2)
            #expect(deployment.app.requests.count == 3)
        }
    }

    @Test("every way that a web app misbehaves ends the execution with an error that says so")
    func misbehaviour() async throws {
        let behaviours: [(n: Int, answer: StubAnswer, status: ExecutionStatus)] = [
            (1, .html(), .failed), (2, .redirect(to: "http://127.0.0.1:1/rpc/add1"), .failed), (3, .hang, .timedOut),
            (4, .json(#"{"json":""# + String(repeating: "x", count: 10 << 20) + #""}"#), .failed), (5, .close, .failed),
            (6, .cutOff(), .failed), (7, .drip(), .timedOut), (8, .status(404, text: "Not found"), .failed),
        ]
        try await Deployment.with(answering: { request in
            behaviours.first { $0.n == request.number }?.answer ?? request.plusOne
        }) { deployment in
            try await deployment.startWorker()
            var ids: [Int: ExecutionID] = [:]
            for behaviour in behaviours {
                let options = EnqueueOptions(
                    retryOptions: RetryOptions.none,
                    timeoutMs: behaviour.status == .timedOut ? 1500 : 30_000
                )
                ids[behaviour.n] = try await deployment.retrying.enqueue(.init(n: behaviour.n), options: options)
            }
            let executions = try await deployment.finished(Array(ids.values))
            for behaviour in behaviours {
                let execution = try #require(executions.first { $0.id == ids[behaviour.n] })
                #expect(execution.status == behaviour.status, "\(behaviour.n)")
                #expect(execution.error?.message.isEmpty == false)
            }
            let notFound = executions.first { $0.id == ids[8] }
            #expect(notFound?.error?.kind == .notFound)
        }
    }

    @Test("a web app that is down is called again when it is back")
    func down() async throws {
        let port = try freePort()
        try await Deployment.with(tasks: { _ in
            """
            endpoints: { app: { url: "http://127.0.0.1:\(port)/rpc" } }
            tasks:
              add1:
                procedure: app/add1
                timeoutMs: 5000
                retryOptions: { maxAttempts: 100, baseDelayMs: 50 }
            """
        }) { deployment in
            try await deployment.startWorker()
            let id = try await deployment.add1.enqueue(.init(n: 1))
            try await eventually("the first attempts fail") { try await deployment.execution(id).retryAttempts > 1 }
            let error = try await deployment.execution(id).error
            #expect(error?.isRetryable == true && error?.isInternal == true)
            try await StubWebApp.with(port: port) {
                $0.plusOne
            } body: { _ in
                let execution = try await deployment.add1.wait(id, timeout: .seconds(30))
                #expect(execution.output == .init(n: 2))
            }
        }
    }

    @Test("cancelling aborts the running attempt's request")
    func cancel() async throws {
        try await Deployment.with(answering: { _ in .hang }) { deployment in
            try await deployment.startWorker()
            let id = try await deployment.add1.enqueue(.init(n: 1))
            try await deployment.app.waitForRequests(1)
            let execution = try await deployment.add1.cancel(id)
            #expect(execution.status == .cancelled)
            try await deployment.app.waitForDisconnects(1, within: .seconds(5))
            let final = try await deployment.execution(id)
            #expect(final.status == .cancelled && final.error == .cancelled)
        }
    }

    @Test("work of 500 executions spreads over three workers, and each runs once")
    func spread() async throws {
        let gate = Gate()
        try await Deployment.with(answering: { request in
            await gate.pass()
            return request.plusOne
        }) { deployment in
            for _ in 0..<3 { try await deployment.startWorker(lease: 15, "--concurrency", "20") }
            let ids = try await deployment.add1.enqueueMany((0..<500).map { .init(n: $0) })
            // More at once than two of them may call.
            try await eventually("all workers call") { gate.waiting > 40 }
            gate.open()
            let executions = try await deployment.finished(ids)
            #expect(executions.allSatisfy { $0.status == .completed && $0.attempt == 1 })
            #expect(deployment.app.requests.count == 500)
            #expect(Set(executions.compactMap(\.workerID)).count == 3)
        }
    }

    @Test("tasks that only workers know are accepted by a front end without a tasks file")
    func registeredTasks() async throws {
        try await Deployment.with(tasks: { url in
            "endpoints: { app: { url: \(url) } }\ntasks: { late: { procedure: app/late, timeoutMs: 1000 } }"
        }) { deployment in
            let port = try freePort()
            let frontEnd = try DurableProcess([
                "serve", "--port", "\(port)", "--open", "--database-url", deployment.databaseURL, "--schema",
                deployment.schema,
            ])
            do {
                try await eventually("the front end is ready") { await isReady(port: port) }
                let late = try DurableClient(url: "http://127.0.0.1:\(port)/rpc")
                    .task("late", input: Deployment.Number.self, output: Deployment.Number.self)
                await #expect(throws: DurableClientError.self) { _ = try await late.enqueue(.init(n: 1)) }
                try await deployment.startWorker()
                try await eventually("the task is known") { (try? await late.enqueue(.init(n: 1))) != nil }
            } catch {
                await frontEnd.end()
                throw error
            }
            await frontEnd.end()
        }
    }
}
