import DurableCore
import DurableRPC
import DurableTestKit
import DurableWire
import Testing

@Suite("Inspecting executions over HTTP", .timeLimit(.minutes(1)))
struct InspectTests {
    private func inspect(_ id: String, of task: String, _ service: RunningService) async throws -> InspectionRecord {
        let reply = try await service.client.call(
            "inspectTaskExecution",
            #"{"json":{"taskId":"\#(task)","executionId":"\#(id)"}}"#
        )
        return try InspectionRecord(try Envelope(Array(reply.text.utf8)).value)
    }

    @Test("an execution that waits for a worker says so, with its priority and its deadline")
    func ready() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue(
                #"{"json":{"taskId":"add1","input":1,"options":{"priority":7,"expiresInMs":3600000}}}"#
            )
            let inspection = try await inspect(id, of: "add1", service)
            #expect(inspection.execution.executionID == id)
            #expect(inspection.priority == 7)
            let deadline = try #require(inspection.deadline)
            #expect(deadline.milliseconds(since: inspection.execution.createdAt) == 3_600_000)
            #expect(inspection.reason.contains("but no worker serves this task"))
            #expect(inspection.reason.contains("as a whole it times out at \(deadline)"))
            #expect(inspection.attempts == [])
            #expect(inspection.children == [])
        }
    }

    @Test("the one of higher priority is leased first, and one that does not finish in time is timed out")
    func options() async throws {
        try await RunningService.with { service in
            let low = try await service.client.enqueue(#"{"json":{"taskId":"add1","options":{"priority":-1}}}"#)
            let high = try await service.client.enqueue(#"{"json":{"taskId":"add1","options":{"priority":1}}}"#)
            let order = try await service.lease().map(\.executionID.description)
            #expect(order == [high, low])

            let id = try await service.client.enqueue(#"{"json":{"taskId":"add1","options":{"expiresInMs":1}}}"#)
            try await eventually { try await service.storage.expire(limit: 10).count == 1 }
            let inspection = try await inspect(id, of: "add1", service)
            #expect(inspection.execution.status == .timedOut)
            #expect(inspection.reason == "finished: timed out: Task execution timed out")
        }
    }

    @Test("a running execution names its worker, and a failed one tells of every attempt")
    func attempts() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue(
                #"{"json":{"taskId":"add1","options":{"retryOptions":{"maxAttempts":1}}}}"#
            )
            try await service.settle(.failed(.retryable("boom")))
            _ = try await service.lease()
            let running = try await inspect(id, of: "add1", service)
            #expect(running.reason.hasPrefix("running on test since "))
            #expect(running.reason.contains(", retry 1 of 1, times out at "))
            #expect(running.attempts.map(\.attempt) == [1, 2])
            #expect(running.attempts.map(\.end) == [.retried, .running])
            #expect(running.attempts.map(\.error) == [.retryable("boom"), nil])
        }
    }

    @Test("a parent tells what it waits for, and shows what is below it to any depth")
    func tree() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue(#"{"json":{"taskId":"sum"}}"#)
            try await service.settle(
                .spawned(
                    .undefined,
                    children: [
                        ChildRequest(taskID: "add1", input: Payload(json: "1")),
                        ChildRequest(taskID: "steps", input: Payload(json: "2")),
                        ChildRequest(taskID: "payment", input: Payload(json: #""u""#)),
                    ]
                )
            )
            let waiting = try await inspect(id, of: "sum", service)
            #expect(waiting.reason == "waiting for 3 of 3 children")
            #expect(waiting.childCount == 3)
            #expect(waiting.children.map(\.reference.taskID) == ["add1", "steps", "payment"])
            #expect(waiting.children.map(\.index) == [0, 1, 2])
            #expect(waiting.children.map(\.status) == [.ready, .waitingForChildren, .running])
            #expect(waiting.children[1].children.map(\.reference.taskID) == ["add1"])

            try await service.complete()
            let steps = try await inspect(
                waiting.children[1].reference.executionID.description,
                of: "steps",
                service
            )
            #expect(steps.reason == "waiting for member 2 of 3")
            try await service.complete()
            try await service.complete()
            let less = try await inspect(id, of: "sum", service)
            #expect(less.reason == "waiting for 1 of 3 children")

            _ = try await service.client.call(
                "wakeupSleepingTaskExecution",
                #"{"json":{"taskId":"payment","sleepingTaskUniqueId":"u","options":{"status":"completed"}}}"#
            )
            _ = try await service.storage.advance(limit: 10)
            let finalizing = try await inspect(id, of: "sum", service)
            let finalize = try #require(finalizing.execution.finalize)
            #expect(
                finalizing.reason
                    == "waiting for its finalize execution \(finalize.executionID), which is ready"
            )
            #expect(finalizing.children.last?.isFinalize == true)
            try await service.complete()
            let finished = try await inspect(id, of: "sum", service)
            #expect(finished.reason == "finished: completed")
        }
    }

    @Test("of a large tree as much is told as one can read, and the rest is counted")
    func large() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue(#"{"json":{"taskId":"sum"}}"#)
            let child = ChildRequest(taskID: "add1", input: Payload(json: "1"))
            try await service.settle(.spawned(.undefined, children: Array(repeating: child, count: 300)))
            let inspection = try await inspect(id, of: "sum", service)
            #expect(inspection.childCount == 300)
            #expect(inspection.children.map(\.index) == Array(0..<200))
        }
    }
}
