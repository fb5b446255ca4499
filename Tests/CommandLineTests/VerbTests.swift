import DurableCore
import DurablePostgres
import DurableTestKit
import Testing

@Suite("Command line, verbs for what is stuck or asleep", .timeLimit(.minutes(1)))
struct VerbTests {
    @Test("a sleeper is listed as asleep, and woken up with an output or a failure")
    func wake() async throws {
        try await Program.withDatabase { durable, _ in
            let enqueued = try await durable("enqueue", "payment", #""order-17""#)
            let id = try #require(enqueued.outputLines.first)
            let listed = try await durable("list")
            #expect(listed.output.contains("running (asleep)"))
            let shown = try await durable("show", id)
            #expect(shown.output.contains(#"asleep until woken up as "order-17""#))

            let woken = try await durable("wake", "payment", "order-17", "--output", #"{"paid": true}"#, "--json")
            #expect(woken.exitCode == 0)
            let record = try woken.json()
            #expect(record["executionId"] as? String == id)
            #expect(record["status"] as? String == "completed")
            #expect(record["output"] as? [String: Bool] == ["paid": true])

            _ = try await durable("enqueue", "payment", #""order-18""#)
            let failed = try await durable("wake", "payment", "order-18", "--failed", "The card was declined")
            #expect(failed.exitCode == 0)
            #expect(failed.output.contains("The card was declined (generic)"))

            let wrong = try await durable("wake", "add1", "order-17")
            #expect(wrong.exitCode == 1)
            #expect(wrong.errors == "Error: Task add1 is not a sleeping task\n")
        }
    }

    @Test("a wake-up that comes first is kept, unless none is to be kept")
    func early() async throws {
        try await Program.withDatabase { durable, _ in
            let refused = try await durable("wake", "payment", "order-17", "--wake-up-retention-seconds", "0")
            #expect(refused.exitCode == 1)
            #expect(refused.errors == "Error: Sleeping task execution not found [sleepingTaskUniqueId=order-17]\n")

            let kept = try await durable("wake", "payment", "order-17", "--json")
            #expect(kept.exitCode == 0)
            #expect(kept.output == "null\n")
            let enqueued = try await durable("enqueue", "payment", #""order-17""#, "--wait", "--json")
            let status = try enqueued.json()["status"] as? String
            #expect(status == "completed")
        }
    }

    @Test("an execution that was cancelled runs again; one that has not finished does not")
    func retry() async throws {
        try await Program.withDatabase { durable, fixture in
            let enqueued = try await durable("enqueue", "add1", "1", "--priority", "7", "--expires-in", "1h")
            let id = try #require(enqueued.outputLines.first)
            let early = try await durable("retry", id)
            #expect(early.exitCode == 1)
            #expect(early.errors == "Error: Task execution has not finished: it is ready [executionId=\(id)]\n")

            _ = try await durable("cancel", id)
            let retried = try await durable("retry", id, "--json")
            #expect(retried.exitCode == 0)
            let status = try retried.json()["status"] as? String
            #expect(status == "ready")

            let shown = try await durable("show", id, "--json")
            let inspection = try shown.json()
            #expect(inspection["priority"] as? Int == 7)
            #expect(inspection["deadline"] as? String != nil)
            let text = try await durable("show", id)
            #expect(text.output.contains("but no worker serves this task"))
            let worker = WorkerRegistration(id: .random(), name: "host 17", leaseMs: 60_000, tasks: ["add1"])
            try await fixture.storage.register(worker)
            let served = try await durable("show", id)
            #expect(served.output.contains("waiting for the one worker that serves this task to have room"))
            #expect(text.output.contains("as a whole it times out at "))
        }
    }

    @Test("a parent shows its attempts, what it waits for and what is below it, and its children say where they belong")
    func tree() async throws {
        try await Program.withDatabase { durable, fixture in
            let enqueued = try await durable("enqueue", "sum")
            let id = try #require(enqueued.outputLines.first)
            let worker = WorkerID.random()
            let storage = fixture.storage
            try await storage.register(WorkerRegistration(id: worker, name: "host 17", leaseMs: 60_000))
            func settle(_ outcome: Outcome) async throws {
                let batch = try await storage.lease(LeaseRequest(worker: worker, tasks: ["sum", "add1"], limit: 1))
                let lease = try #require(batch.leases.first)
                let tasks = Dictionary(uniqueKeysWithValues: try await storage.tasks().map { ($0.id, $0) })
                let circumstances = ExecutionStateMachine.Circumstances(tasks: tasks)
                _ = try await storage.settle([ExecutionStateMachine.settlement(of: lease, outcome, circumstances)])
            }
            let child = ChildRequest(taskID: "add1", input: Payload(json: "1"))
            try await settle(.spawned(.undefined, children: [child, child]))
            try await settle(.failed(.nonRetryable("boom")))
            _ = try await storage.advance(limit: 100)

            let shown = try await durable("show", id)
            #expect(shown.outputLines.first == "\(id)  sum  waiting_for_children")
            #expect(shown.output.contains("waiting for 1 of 2 children"))
            let attempt = try #require(shown.outputLines.first { $0.contains("host 17") })
            #expect(attempt.hasSuffix("spawned"))
            // Which of the two is leased first is left to chance.
            let below = shown.outputLines.suffix(2)
            #expect(below.map { String($0.prefix(8)) } == ["  0  te_", "  1  te_"])
            #expect(below.contains { $0.hasSuffix("add1  failed: boom") })
            #expect(below.contains { $0.hasSuffix("add1  ready") })

            let listed = try await durable("list")
            #expect(listed.output.contains("waiting_for_children (1 left)"))
            #expect(listed.output.contains("sum[0]") && listed.output.contains("sum[1]"))
        }
    }

    /// A record as a front end answers it.
    private static let record = #"""
        {"taskId":"payment","executionId":"te_00000000000000000000000000000001","sleepingTaskUniqueId":"u",\#
        "areChildrenSequential":false,"retryOptions":{"maxAttempts":0},"sleepMsBeforeRun":0,"timeoutMs":5,\#
        "status":"completed","output":7,"retryAttempts":0,"startAt":"2024-02-29T12:34:56.789Z","children":[],\#
        "activeChildrenCount":0,"createdAt":"2024-02-29T12:34:56.789Z","updatedAt":"2024-02-29T12:34:56.789Z"}
        """#

    @Test("a front end is asked the same things, and its answers are shown the same way")
    func frontEnd() async throws {
        try await StubWebApp.with { request in
            guard request.uri.hasSuffix("inspectTaskExecution") else { return .json("{\"json\":\(Self.record)}") }
            return .json(
                #"{"json":{"execution":\#(Self.record),"reason":"finished: completed","priority":0,"leaseLosses":0,"#
                    + #""attempts":[],"childCount":0,"children":[]}}"#
            )
        } body: { app in
            try await Program.with { durable in
                let url = "http://127.0.0.1:\(app.port)/rpc"
                let woken = try await durable("wake", "payment", "u", "--output", "7", "--url", url, "--json")
                #expect(woken.exitCode == 0)
                #expect(woken.output == Self.record + "\n")
                let retried = try await durable("retry", "te_1", "--task", "payment", "--url", url)
                #expect(retried.outputLines.first == "te_00000000000000000000000000000001  payment  completed")
                let shown = try await durable("show", "te_1", "--task", "payment", "--url", url)
                #expect(shown.output.contains("why         finished: completed"))
                #expect(
                    app.requests.map(\.uri) == [
                        "/rpc/wakeupSleepingTaskExecution", "/rpc/retryTaskExecution", "/rpc/inspectTaskExecution",
                    ]
                )
                #expect(
                    app.requests.first?.text
                        == #"{"json":{"taskId":"payment","sleepingTaskUniqueId":"u","options":{"status":"completed","output":7}}}"#
                )
                #expect(app.requests.last?.text == #"{"json":{"taskId":"payment","executionId":"te_1"}}"#)
            }
        }
    }
}
