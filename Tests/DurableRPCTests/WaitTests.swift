import DurableCore
import DurableRPC
import DurableTestKit
import Testing

@Suite("Waiting for executions over HTTP", .timeLimit(.minutes(1)))
struct WaitTests {
    static func body(_ id: String, timeoutMs: Int? = nil) -> String {
        let timeout = timeoutMs.map { ",\"timeoutMs\":\($0)" } ?? ""
        return #"{"json":{"taskId":"add1","executionId":"\#(id)"\#(timeout)}}"#
    }

    @Test("the answer comes when the execution has finished")
    func finished() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            async let waited = service.client.call("waitForTaskExecution", Self.body(id, timeoutMs: 60_000))
            try await eventually { service.storage.calls(.settled) > 0 }
            try await service.complete(with: Payload(json: "42"))
            let reply = try await waited
            #expect(reply.status == 200)
            #expect(reply.text.contains(#""status":"completed","output":42"#))
        }
    }

    @Test("one that has finished is answered at once")
    func alreadyFinished() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            try await service.complete()
            let reply = try await service.client.call("waitForTaskExecution", Self.body(id, timeoutMs: 60_000))
            #expect(reply.text.contains(#""status":"completed""#))
        }
    }

    @Test("when the time is up the answer is the execution as it is", arguments: [0, 50])
    func timeout(timeoutMs: Int) async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            let reply = try await service.client.call("waitForTaskExecution", Self.body(id, timeoutMs: timeoutMs))
            #expect(reply.status == 200)
            #expect(reply.text.contains(#""status":"ready""#))
        }
    }

    @Test("many who wait cost the storage one look-up, not one each")
    func together() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            let waiters = 50
            let before = service.storage.calls(.executions)
            let start = ContinuousClock.now
            try await withThrowingTaskGroup { group in
                for _ in 0..<waiters {
                    group.addTask {
                        try await service.client.call("waitForTaskExecution", Self.body(id, timeoutMs: 60_000))
                    }
                }
                try await eventually { try service.requestsInFlight == Double(waiters) }
                // Long enough for the look-ups that come at intervals.
                let settled = service.storage.calls(.settled)
                try await eventually { service.storage.calls(.settled) >= settled + 2 }
                try await service.complete()
                for try await reply in group { #expect(reply.text.contains(#""status":"completed""#)) }
            }
            let seconds = Int((ContinuousClock.now - start).components.seconds) + 1
            // Each reads the execution when it comes, some together.
            #expect(service.storage.calls(.executions) - before <= waiters)
            // Two a second for all, and one when it is over.
            #expect(service.storage.calls(.settled) <= 2 * seconds + 2)
        }
    }

    @Test("a client that hangs up is no longer waited for")
    func disconnect() async throws {
        try await RunningService.with(configure: { $0.maxConcurrentWaits = 1 }) { service in
            let id = try await service.client.enqueue()
            try await HTTPConnection.with(port: service.client.port) { connection in
                try await connection.send(
                    Client.request("POST", "/rpc/waitForTaskExecution", Array(Self.body(id, timeoutMs: 60_000).utf8))
                )
                try await eventually { service.storage.calls(.settled) > 0 }
                let full = try await service.client.call("waitForTaskExecution", Self.body(id, timeoutMs: 0))
                #expect(full.status == 503)
                #expect(full.headers["retry-after"] == "1")
            }
            // The place is free again long before the minute is over.
            try await eventually {
                try await service.client.call("waitForTaskExecution", Self.body(id, timeoutMs: 0)).status == 200
            }
        }
    }

    @Test("whoever waits outlasts a storage that is away, and learns of one that refuses")
    func failingStorage() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            let body = Self.body(id, timeoutMs: 60_000)
            async let patient = service.client.call("waitForTaskExecution", body)
            try await eventually { service.storage.calls(.settled) > 0 }
            service.storage.fail(with: .unavailable(reason: "test"))
            let settled = service.storage.calls(.settled)
            try await eventually { service.storage.calls(.settled) >= settled + 2 }
            service.storage.fail(with: nil)
            async let refused = service.client.call("waitForTaskExecution", body)
            try await eventually { try service.requestsInFlight == 2 }
            let read = service.storage.calls(.executions)
            service.storage.fail(with: .rejected(reason: "test"))
            #expect(try await refused.status == 500)
            #expect(try await patient.status == 500)
            // Each has tried to read what the look could not tell.
            #expect(service.storage.calls(.executions) > read)
        }
    }

    @Test("a connection on which a client has waited serves on")
    func connection() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            try await HTTPConnection.with(port: service.client.port) { connection in
                for _ in 1...3 {
                    let body = Array(Self.body(id, timeoutMs: 1).utf8)
                    try await connection.send(Client.request("POST", "/rpc/waitForTaskExecution", body))
                    let reply = try await connection.reply()
                    #expect(reply.status == 200)
                    #expect(reply.headers["connection"] == nil)
                }
            }
        }
    }

    @Test("on shutdown those who wait get the execution as it is")
    func shutdown() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            async let waited = service.client.call("waitForTaskExecution", Self.body(id, timeoutMs: 60_000))
            try await eventually { service.storage.calls(.settled) > 0 }
            await service.shutDown()
            let reply = try await waited
            #expect(reply.status == 200)
            #expect(reply.text.contains(#""status":"ready""#))
            #expect(reply.headers["connection"] == "close")
        }
    }
}
