import DurableCore
import DurableRPC
import DurableTestKit
import Logging
import MetricsTestKit
import Testing

@Suite("Overload and outages", .timeLimit(.minutes(1)))
struct OverloadTests {
    static let unavailable = RefusalTests.body("SERVICE_UNAVAILABLE", 503, "Service Unavailable")

    @Test("more requests at once than are taken are answered with 503, and the others are answered")
    func tooManyRequests() async throws {
        try await RunningService.with(configure: { $0.maxConcurrentRequests = 2 }) { service in
            let gate = Gate()
            service.storage.hold(at: gate)
            // Each a call of its own to the storage.
            let tasks = #"{"json":{"tasks":[{"taskId":"add1"}]}}"#
            async let first = service.client.call("enqueueTasks", tasks)
            async let second = service.client.call("enqueueTasks", tasks)
            try await eventually { gate.waiting == 2 }
            for _ in 0..<20 {
                let refused = try await service.client.call("enqueueTask", #"{"json":{"taskId":"add1"}}"#)
                #expect(refused.status == 503)
                #expect(refused.headers["retry-after"] == "1")
                #expect(refused.text == Self.unavailable)
            }
            // Health does not queue behind the rest.
            let alive = try await service.client.send("GET", "/healthz")
            #expect(alive.status == 200)
            gate.open()
            let statuses = try await [first.status, second.status]
            #expect(statuses == [200, 200])
            _ = try await service.client.enqueue()
            #expect(service.log.alarms.count == 1)
        }
    }

    @Test("bodies that would not fit into memory are answered with 503 before they are read")
    func tooManyBytes() async throws {
        try await RunningService.with(configure: { $0.maxBufferedBytes = 1000 }) { service in
            let refused = try await service.client.send(
                "POST",
                "/rpc/enqueueTask",
                [],
                headers: ["content-length": "1001"]
            )
            #expect(refused.text == Self.unavailable)
            #expect(refused.headers["connection"] == "close")
            let unannounced = try await service.client.send(
                "POST",
                "/rpc/enqueueTask",
                [],
                headers: ["transfer-encoding": "chunked"]
            )
            #expect(unannounced.text == Self.unavailable)
            _ = try await service.client.enqueue()
        }
    }

    @Test("who waits too long for a slow storage is told to try again and stores nothing; afterwards all goes on")
    func slowStorage() async throws {
        var gathering = GatheringLimits()
        gathering.batches = 1
        gathering.patience = .seconds(1)
        try await RunningService.with(gathering: gathering) { service in
            let gate = Gate()
            service.storage.hold(at: gate)
            async let first = service.client.enqueue()
            try await eventually { gate.waiting == 1 }
            try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask { try await service.client.call("enqueueTask", #"{"json":{"taskId":"add1"}}"#) }
                }
                for try await refused in group {
                    #expect(refused.text == Self.unavailable)
                    #expect(refused.headers["retry-after"] == "1")
                }
            }
            gate.open()
            let id = try await first
            let stored = await service.storage.list(ExecutionQuery())
            #expect(stored.map(\.id.description) == [id])
            _ = try await service.client.enqueue()
            #expect(service.log.alarms.count == 1)
        }
    }

    @Test("concurrent calls share what is asked of the storage, and each gets its own answer")
    func sharing() async throws {
        var gathering = GatheringLimits()
        gathering.patience = .seconds(60)
        try await RunningService.with(gathering: gathering) { service in
            let gate = Gate()
            service.storage.hold(at: gate)
            let callers = 200
            let ids = try await withThrowingTaskGroup { group in
                for number in 0..<callers {
                    let body = #"{"json":{"taskId":"add1","input":\#(number)}}"#
                    group.addTask { (number, try await service.client.enqueue(body)) }
                }
                try await eventually { try service.requestsInFlight == Double(callers) }
                gate.open()
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            #expect(Set(ids.values).count == callers)
            #expect(service.storage.calls(.insert) <= callers / 10)

            let second = Gate()
            service.storage.hold(at: second)
            try await withThrowingTaskGroup { group in
                for (number, id) in ids {
                    group.addTask {
                        let body = #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
                        let reply = try await service.client.call("getTaskExecution", body)
                        #expect(reply.text.contains(id) && reply.text.contains(#""input":\#(number),"#))
                    }
                }
                try await eventually { try service.requestsInFlight == Double(callers) }
                second.open()
                try await group.waitForAll()
            }
            #expect(service.storage.calls(.executions) <= callers / 10)
        }
    }

    @Test("a storage that is away is a 503 that says nothing about it, and one line in the log")
    func unavailable() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            service.storage.fail(with: .unavailable(reason: "connection to server at 10.0.0.7 failed"))
            let execution = #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            for (procedure, body) in [
                ("enqueueTask", #"{"json":{"taskId":"add1"}}"#),
                ("enqueueTasks", #"{"json":{"tasks":[{"taskId":"add1"}]}}"#),
                ("getTaskExecution", execution), ("cancelTaskExecution", execution),
                ("waitForTaskExecution", execution),
                ("enqueueTask", #"{"json":{"taskId":"unheard_of"}}"#),
            ] {
                let reply = try await service.client.call(procedure, body)
                #expect(reply.status == 503)
                #expect(reply.headers["retry-after"] == "1")
                #expect(reply.headers["content-type"] == "application/json")
                #expect(reply.text == Self.unavailable)
            }
            let alarms = service.log.alarms
            #expect(alarms.count == 1)
            #expect(alarms.first?.level == .warning)
            #expect(alarms.first?.metadata["procedure"] == "enqueueTask")
            #expect("\(alarms)".contains("10.0.0.7"))

            service.storage.fail(with: nil)
            let again = try await service.client.call("getTaskExecution", execution)
            #expect(again.status == 200)
        }
    }

    @Test(
        "a fault of ours is a 500 that says nothing",
        arguments: [
            StorageError.rejected(reason: "syntax error in SELECT"),
            .schemaMismatch(reason: "The schema is older than this program; run durable migrate"),
        ]
    )
    func fault(error: StorageError) async throws {
        try await RunningService.with { service in
            service.storage.fail(with: error)
            let reply = try await service.client.call("enqueueTask", #"{"json":{"taskId":"add1"}}"#)
            #expect(reply.status == 500)
            #expect(reply.text == RefusalTests.body("INTERNAL_SERVER_ERROR", 500, "Internal server error"))
            #expect(service.log.alarms.map(\.level) == [.error])
        }
    }

    @Test("requests are counted by procedure and code, and payloads do not get into the log")
    func metrics() async throws {
        try await RunningService.with { service in
            _ = try await service.client.enqueue(#"{"json":{"taskId":"add1","input":"hunter2"}}"#)
            _ = try await service.client.enqueue(#"{"json":{"taskId":"add1","input":"hunter2"}}"#)
            _ = try await service.client.call("enqueueTask", #"{"json":{"taskId":"hunter2"}}"#)
            func count(_ code: String) throws -> Int64 {
                try service.metrics.expectCounter(
                    "durable_rpc_requests_total",
                    [("procedure", "enqueueTask"), ("code", code)]
                ).totalValue
            }
            #expect(try count("OK") == 2)
            #expect(try count("NOT_FOUND") == 1)
            let timer = try service.metrics.expectTimer(
                "durable_rpc_request_duration_seconds",
                [("procedure", "enqueueTask")]
            )
            #expect(timer.values.count == 3)
            let inFlight = try service.metrics.expectMeter("durable_rpc_requests_in_flight")
            #expect(inFlight.values.last == 0)
            #expect(service.log.lines.allSatisfy { !"\($0)".contains("hunter2") })
            #expect(service.log.lines.allSatisfy { $0.message != "Answered" || $0.level == .debug })
        }
    }
}
