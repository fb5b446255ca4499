import DurableCore
import DurableRPC
import Testing

@Suite("Retrying by hand over HTTP", .timeLimit(.minutes(1)))
struct RetryTests {
    private func retry(
        _ id: String,
        of task: String = "add1",
        _ service: RunningService
    ) async throws -> HTTPConnection.Reply {
        try await service.client.call(
            "retryTaskExecution",
            #"{"json":{"taskId":"\#(task)","executionId":"\#(id)"}}"#
        )
    }

    @Test("an execution that failed runs again, and keeps its history")
    func failed() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            try await service.settle(.failed(.nonRetryable("boom")))
            let reply = try await retry(id, service)
            #expect(reply.status == 200)
            #expect(reply.text.contains(#""status":"ready""#))
            try await service.complete(with: Payload(json: "42"))
            let inspected = try await service.client.call(
                "inspectTaskExecution",
                #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            )
            #expect(inspected.text.contains(#""status":"completed","output":42"#))
            #expect(inspected.text.contains(#""end":"failed","error":{"errorType":"generic","message":"boom""#))
            #expect(inspected.text.contains(#""attempt":2,"#))
        }
    }

    @Test("a cancelled execution runs again")
    func cancelled() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            let reference = #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            _ = try await service.client.call("cancelTaskExecution", reference)
            let reply = try await retry(id, service)
            #expect(reply.text.contains(#""status":"ready""#))
        }
    }

    @Test("what is completed or has not finished is not run again")
    func refused() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            let unfinished = try await retry(id, service)
            #expect(
                unfinished.text
                    == RefusalTests.body(
                        "CONFLICT",
                        409,
                        "Task execution has not finished: it is ready [executionId=\(id)]"
                    )
            )
            try await service.complete()
            let completed = try await retry(id, service)
            #expect(
                completed.text
                    == RefusalTests.body(
                        "CONFLICT",
                        409,
                        "Task execution is completed and is not run again [executionId=\(id)]"
                    )
            )
            let another = try await retry(id, of: "other", service)
            #expect(another.status == 404)
        }
    }
}
