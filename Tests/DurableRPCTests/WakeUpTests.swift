import DurableCore
import DurableRPC
import DurableTestKit
import Testing

@Suite("Waking sleepers up over HTTP", .timeLimit(.minutes(1)))
struct WakeUpTests {
    /// A wake-up of the sleeper `u` with these options.
    private func body(
        task: String = "payment",
        _ uniqueID: String = "u",
        _ options: String = #"{"status":"completed","output":7}"#,
        meta: String? = nil
    ) -> String {
        let input = #"{"taskId":"\#(task)","sleepingTaskUniqueId":"\#(uniqueID)","options":\#(options)}"#
        return #"{"json":\#(input)"# + (meta.map { ",\"meta\":\($0)" } ?? "") + "}"
    }

    private func enqueueSleeper(_ service: RunningService) async throws -> String {
        try await service.client.enqueue(#"{"json":{"taskId":"payment","input":"u"}}"#)
    }

    private func get(_ id: String, from service: RunningService) async throws -> String {
        try await service.client.call("getTaskExecution", #"{"json":{"taskId":"payment","executionId":"\#(id)"}}"#).text
    }

    @Test("a sleeper runs until it is woken up, and completes with the output, types included")
    func completed() async throws {
        try await RunningService.with { service in
            let id = try await enqueueSleeper(service)
            let asleep = try await get(id, from: service)
            #expect(
                asleep.contains(#""executionId":"\#(id)","sleepingTaskUniqueId":"u","areChildrenSequential":false,"#)
            )
            #expect(asleep.contains(#""timeoutMs":600000,"status":"running","#))

            let reply = try await service.client.call(
                "wakeupSleepingTaskExecution",
                body(
                    "u",
                    #"{"status":"completed","output":{"at":"2024-02-29T12:34:56.789Z"}}"#,
                    meta: #"[[1,"options","output","at"]]"#
                )
            )
            #expect(reply.status == 200)
            #expect(reply.text.contains(#""status":"completed","output":{"at":"2024-02-29T12:34:56.789Z"},"#))
            #expect(reply.text.contains(#""meta":[[1,"output","at"],"#))
            let read = try await get(id, from: service)
            #expect(read == reply.text)
        }
    }

    @Test("without an output a sleeper completes without one")
    func noOutput() async throws {
        try await RunningService.with { service in
            _ = try await enqueueSleeper(service)
            let reply = try await service.client.call(
                "wakeupSleepingTaskExecution",
                body("u", #"{"status":"completed"}"#)
            )
            #expect(reply.text.contains(#""status":"completed","retryAttempts":0"#))
        }
    }

    /// Errors as they are sent, and the message that becomes of them.
    static let errors: [(options: String, meta: String?, message: String)] = [
        (#","error":{"message":"nope","code":7}"#, nil, "nope"),
        (#","error":"plain""#, nil, "plain"),
        (#","error":7.5"#, nil, "7.5"),
        (#","error":false"#, nil, "false"),
        (#","error":"12""#, #"[[0,"options","error"]]"#, "12"),
        (#","error":{"name":"TypeError"}"#, nil, "Unknown error"),
        (#","error":{"message":5}"#, nil, "Unknown error"),
        (#","error":["x"]"#, nil, "Unknown error"),
        (#","error":null"#, nil, "Sleeping task execution failed without an error"),
        ("", nil, "Sleeping task execution failed without an error"),
    ]

    @Test("a sleeper fails with what the error says, for good", arguments: errors)
    func failed(error: (options: String, meta: String?, message: String)) async throws {
        try await RunningService.with { service in
            _ = try await enqueueSleeper(service)
            let reply = try await service.client.call(
                "wakeupSleepingTaskExecution",
                body("u", #"{"status":"failed"\#(error.options)}"#, meta: error.meta)
            )
            #expect(reply.status == 200)
            #expect(
                reply.text.contains(
                    #""status":"failed","error":{"errorType":"generic","message":"\#(error.message)","isRetryable":false,"isInternal":false}"#
                )
            )
        }
    }

    @Test("a sleeper that has finished stays as it is, however it finished")
    func finished() async throws {
        try await RunningService.with { service in
            _ = try await enqueueSleeper(service)
            let first = try await service.client.call("wakeupSleepingTaskExecution", body())
            let second = try await service.client.call(
                "wakeupSleepingTaskExecution",
                body("u", #"{"status":"failed","error":"late"}"#)
            )
            #expect(second.status == 200)
            #expect(second.text == first.text)

            let id = try await service.client.enqueue(#"{"json":{"taskId":"payment","input":"v"}}"#)
            let cancelled = try await service.client.call(
                "cancelTaskExecution",
                #"{"json":{"taskId":"payment","executionId":"\#(id)"}}"#
            )
            #expect(cancelled.text.contains(#""status":"cancelled""#))
            let late = try await service.client.call("wakeupSleepingTaskExecution", body("v"))
            #expect(late.text == cancelled.text)
        }
    }

    @Test("a sleeper that nobody wakes up is timed out")
    func timedOut() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue(
                #"{"json":{"taskId":"payment","input":"u","options":{"timeoutMs":1}}}"#
            )
            try await eventually { try await service.storage.expire(limit: 10).count == 1 }
            let read = try await get(id, from: service)
            #expect(
                read.contains(
                    #""status":"timed_out","error":{"errorType":"timed_out","message":"Task execution timed out""#
                )
            )
        }
    }

    @Test("whoever waits for a sleeper is answered when it is woken up")
    func waiting() async throws {
        try await RunningService.with { service in
            let id = try await enqueueSleeper(service)
            async let waited = service.client.call(
                "waitForTaskExecution",
                #"{"json":{"taskId":"payment","executionId":"\#(id)","timeoutMs":60000}}"#
            )
            try await eventually { service.storage.calls(.settled) > 0 }
            _ = try await service.client.call("wakeupSleepingTaskExecution", body())
            let reply = try await waited
            #expect(reply.text.contains(#""status":"completed","output":7"#))
        }
    }

    @Test("a wake-up that comes first is kept, and wakes the sleeper up at once; the first one counts")
    func early() async throws {
        try await RunningService.with { service in
            for options in [#"{"status":"completed","output":"first"}"#, #"{"status":"failed"}"#] {
                let kept = try await service.client.call("wakeupSleepingTaskExecution", body("u", options))
                #expect(kept.status == 200)
                #expect(kept.text == #"{"json":null}"#)
            }
            let id = try await enqueueSleeper(service)
            let read = try await get(id, from: service)
            #expect(read.contains(#""status":"completed","output":"first""#))
        }
    }

    @Test("a wake-up that comes first is not found when none is kept, and nothing remains of it")
    func notKept() async throws {
        try await RunningService.with(wakeUpRetentionMs: 0) { service in
            let reply = try await service.client.call("wakeupSleepingTaskExecution", body("invalid"))
            #expect(
                reply.text
                    == RefusalTests.body(
                        "NOT_FOUND",
                        404,
                        "Sleeping task execution not found [sleepingTaskUniqueId=invalid]"
                    )
            )
            let id = try await service.client.enqueue(#"{"json":{"taskId":"payment","input":"invalid"}}"#)
            let read = try await get(id, from: service)
            #expect(read.contains(#""status":"running""#))
        }
    }

    @Test("a wake-up that cannot be is refused, and the sleeper sleeps on")
    func refused() async throws {
        let options = #"{"status":"completed"}"#
        let status =
            #"Invalid status for sleeping task execution: it must be \"completed\" or \"failed\""#
        let shape =
            #"options must be an object: {status: \"completed\", output?} | {status: \"failed\", error?}"#
        let refusals: [(body: String, status: Int, message: String)] = [
            (body(task: "invalid", "u", options), 404, "Task invalid not found"),
            (body(task: "add1", "u", options), 400, "Task add1 is not a sleeping task"),
            (
                body(task: "letter", "u", options), 404,
                "Sleeping task execution belongs to another task [providedTaskId=letter] [taskId=payment] [sleepingTaskUniqueId=u]"
            ),
            (body("u", #"{"status":"weird"}"#), 400, status),
            (body("u", "{}"), 400, status),
            (body("u", "null"), 400, shape),
            (body("u", "[]"), 400, shape),
            (#"{"json":{"taskId":"payment","options":\#(options)}}"#, 400, "sleepingTaskUniqueId must be a string"),
            (
                body("", options), 400,
                "sleepingTaskUniqueId must be a text of 1 to 255 characters without NUL, got 0"
            ),
        ]
        try await RunningService.with { service in
            let id = try await enqueueSleeper(service)
            for refusal in refusals {
                let reply = try await service.client.call("wakeupSleepingTaskExecution", refusal.body)
                #expect(
                    reply.text
                        == RefusalTests.body(
                            refusal.status == 404 ? "NOT_FOUND" : "BAD_REQUEST",
                            refusal.status,
                            refusal.message
                        )
                )
            }
            let read = try await get(id, from: service)
            #expect(read.contains(#""status":"running""#))
        }
    }

    @Test("a name belongs to one sleeper only")
    func taken() async throws {
        try await RunningService.with { service in
            _ = try await enqueueSleeper(service)
            for task in ["payment", "letter"] {
                let reply = try await service.client.call("enqueueTask", #"{"json":{"taskId":"\#(task)","input":"u"}}"#)
                #expect(
                    reply.text
                        == RefusalTests.body(
                            "CONFLICT",
                            409,
                            "The unique id is taken by another sleeping task execution; use a new one [taskId=\(task)]"
                        )
                )
            }
        }
    }

    @Test(
        "a storage that fails is no fault of the caller's, and nothing of it is told",
        arguments: [
            (StorageError.unavailable(reason: "s3cret"), 503), (StorageError.rejected(reason: "s3cret"), 500),
        ]
    )
    func storageFailure(error: StorageError, status: Int) async throws {
        try await RunningService.with { service in
            _ = try await enqueueSleeper(service)
            service.storage.fail(with: error)
            let reply = try await service.client.call("wakeupSleepingTaskExecution", body())
            #expect(reply.status == status)
            #expect(!reply.text.contains("s3cret"))
        }
    }
}
