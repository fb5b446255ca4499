import DurableCore
import Testing

@Suite("Enqueueing and reading over HTTP", .timeLimit(.minutes(1)))
struct EnqueueTests {
    @Test("an enqueued execution can be read, with the input and the options it was given")
    func enqueueAndGet() async throws {
        try await RunningService.with { service in
            let reply = try await service.client.call(
                "enqueueTask",
                #"{"json":{"taskId":"add1","input":{"n":0},"options":{"retryOptions":{"maxAttempts":3},"sleepMsBeforeRun":50,"timeoutMs":1234}}}"#
            )
            #expect(reply.status == 200)
            #expect(reply.headers["content-type"] == "application/json")
            let id = String(reply.text.dropFirst(9).dropLast(2))
            #expect(reply.text == "{\"json\":\"\(id)\"}")
            #expect(id.hasPrefix("te_"))

            let record = try await service.client.call(
                "getTaskExecution",
                #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            )
            #expect(record.status == 200)
            #expect(record.headers["content-type"] == "application/json")
            #expect(
                record.text.hasPrefix(
                    #"{"json":{"taskId":"add1","executionId":"\#(id)","areChildrenSequential":false,"retryOptions":{"maxAttempts":3},"sleepMsBeforeRun":50,"timeoutMs":1234,"input":{"n":0},"status":"ready","retryAttempts":0,"startAt":""#
                )
            )
            #expect(record.text.hasSuffix(#""meta":[[1,"startAt"],[1,"createdAt"],[1,"updatedAt"]]}"#))
        }
    }

    @Test("a completed execution is read with its output")
    func completed() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            try await service.complete(
                with: Payload(json: Array(#""2020-01-01T00:00:00.000Z""#.utf8), meta: Array("[[1]]".utf8))
            )
            let record = try await service.client.call(
                "getTaskExecution",
                #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            )
            #expect(record.text.contains(#""status":"completed","output":"2020-01-01T00:00:00.000Z","#))
            #expect(record.text.contains(#"[1,"output"]"#))
        }
    }

    /// The `json` and `meta` of an input, as they are sent and as they come back, the latter at `input`.
    static let inputs: [(json: String, meta: String?, expectedMeta: String)] = [
        ("null", nil, ""),
        ("true", nil, ""),
        ("0", nil, ""),
        ("-1.50e+10", nil, ""),
        ("9007199254740993", nil, ""),
        (#""""#, nil, ""),
        (#""a\u0000b""#, nil, ""),
        (#""\ud800 and \udc00""#, nil, ""),
        (#""grüße ☃ 😀 \/ \u00e9""#, nil, ""),
        ("[]", nil, ""),
        (#"{ "b" : 1, "a" : [ ] }"#, nil, ""),
        (#"{"a":1,"a":2}"#, nil, ""),
        (#""-12345678901234567890""#, "[[0]]", #"[0,"input"]"#),
        (#"{"d":"2024-02-29T12:34:56.789Z"}"#, #"[[1,"d"]]"#, #"[1,"input","d"]"#),
        ("[null,null]", "[[2,0],[3,1]]", #"[2,"input",0],[3,"input",1]"#),
        (#""https://a.b/""#, "[[4]]", #"[4,"input"]"#),
        (#""/ab+c/gi""#, "[[5]]", #"[5,"input"]"#),
        (#"["1",["2"]]"#, "[[0,0],[0,1,0],[6,1],[6]]", #"[0,"input",0],[0,"input",1,0],[6,"input",1],[6,"input"]"#),
        (#"[["k","1"]]"#, "[[0,0,1],[7]]", #"[0,"input",0,1],[7,"input"]"#),
    ]

    @Test("what went in comes out, byte for byte, types included", arguments: inputs)
    func roundTrip(input: (json: String, meta: String?, expectedMeta: String)) async throws {
        try await RunningService.with { service in
            let moved = input.meta.map { _ in ",\"meta\":[\(input.expectedMeta)]" } ?? ""
            let id = try await service.client.enqueue(
                "{\"json\":{\"taskId\":\"add1\",\"input\":\(input.json)}\(moved)}"
            )
            let lease = try #require(try await service.lease().first)
            #expect(lease.input == Payload(json: Array(input.json.utf8), meta: input.meta.map { Array($0.utf8) }))
            let record = try await service.client.call(
                "getTaskExecution",
                #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            )
            #expect(record.text.contains("\"input\":\(input.json),\"executorId\""))
            #expect(input.expectedMeta.isEmpty || record.text.contains(input.expectedMeta))
        }
    }

    @Test("an input that is not there stays undefined")
    func undefinedInput() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue(#"{"json":{"taskId":"add1"}}"#)
            let lease = try #require(try await service.lease().first)
            #expect(lease.input == .undefined)
            let record = try await service.client.call(
                "getTaskExecution",
                #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            )
            #expect(!record.text.contains("\"input\""))
        }
    }

    @Test("an input of exactly 1 MiB is taken, one byte more is refused with its size")
    func inputLimit() async throws {
        try await RunningService.with { service in
            func enqueue(_ size: Int) async throws -> HTTPConnection.Reply {
                let text = String(repeating: "x", count: size - 2)
                return try await service.client.call("enqueueTask", #"{"json":{"taskId":"add1","input":"\#(text)"}}"#)
            }
            let accepted = try await enqueue(1 << 20)
            #expect(accepted.status == 200)
            let refused = try await enqueue(1 << 20 + 1)
            #expect(refused.status == 400)
            #expect(
                refused.text
                    == #"{"json":{"defined":false,"code":"BAD_REQUEST","status":400,"message":"The input of task add1 is 1048577 bytes of JSON; at most 1048576 are accepted"}}"#
            )
        }
    }

    @Test("many are enqueued at once and their ids come back in order")
    func many() async throws {
        try await RunningService.with { service in
            let tasks = (0..<1000).map { #"{"taskId":"add1","input":\#($0)}"# }.joined(separator: ",")
            let reply = try await service.client.call("enqueueTasks", "{\"json\":{\"tasks\":[\(tasks)]}}")
            #expect(reply.status == 200)
            let ids = reply.text.split(separator: "\"").filter { $0.hasPrefix("te_") }
            #expect(Set(ids).count == 1000)
            let leases = try await service.lease()
            let inputs = Dictionary(
                leases.map { ($0.executionID.description, $0.input) },
                uniquingKeysWith: { first, _ in first }
            )
            for (index, id) in ids.enumerated() {
                #expect(inputs[String(id)] == Payload(json: String(index)))
            }
        }
    }

    @Test("of 1,001 none is enqueued")
    func tooMany() async throws {
        try await RunningService.with { service in
            let tasks = repeatElement(#"{"taskId":"add1"}"#, count: 1001).joined(separator: ",")
            let reply = try await service.client.call("enqueueTasks", "{\"json\":{\"tasks\":[\(tasks)]}}")
            #expect(
                reply.text
                    == #"{"json":{"defined":false,"code":"BAD_REQUEST","status":400,"message":"tasks has 1001 elements; at most 1000 can be enqueued at once"}}"#
            )
            #expect(service.storage.calls(.insert) == 0)
        }
    }

    @Test("no tasks at all is nothing to do")
    func none() async throws {
        try await RunningService.with { service in
            let reply = try await service.client.call("enqueueTasks", #"{"json":{"tasks":[]}}"#)
            #expect(reply.status == 200)
            #expect(reply.text == #"{"json":[]}"#)
        }
    }

    @Test(
        "one bad task of many is named by its index, and none is enqueued",
        arguments: [
            (#"{"taskId":"nobody"}"#, 404, "Task nobody [index=2] not found"),
            (#"{}"#, 400, "taskId must be a string [index=2]"),
            ("7", 400, "The input must be an object: {taskId, input, options?} [index=2]"),
            (
                #"{"taskId":"add1","options":{"timeoutMs":0}}"#, 400,
                "Invalid timeout value for task add1: expected an integer from 1 to 9007199254740991, got 0 [index=2]"
            ),
            (
                #"{"taskId":"add1","input":2,"options":{"idempotencyKey":"k"}}"#, 409,
                "The idempotency key was used before for task add1 with another input; use a new key for a new input [index=2]"
            ),
        ]
    )
    func oneBad(task: String, status: Int, message: String) async throws {
        try await RunningService.with { service in
            let good = #"{"taskId":"add1","input":1,"options":{"idempotencyKey":"k"}},{"taskId":"add1"}"#
            let reply = try await service.client.call("enqueueTasks", "{\"json\":{\"tasks\":[\(good),\(task)]}}")
            #expect(reply.status == status)
            #expect(reply.text.contains("\"message\":\"\(message)\""))
            let leases = try await service.lease()
            #expect(leases.isEmpty)
        }
    }

    @Test("the same key and input answers with the same execution, another input is a conflict")
    func idempotency() async throws {
        try await RunningService.with { service in
            func body(_ input: Int) -> String {
                #"{"json":{"taskId":"add1","input":\#(input),"options":{"idempotencyKey":"order 1"}}}"#
            }
            let first = try await service.client.enqueue(body(1))
            let second = try await service.client.enqueue(body(1))
            #expect(first == second)
            let conflict = try await service.client.call("enqueueTask", body(2))
            #expect(conflict.status == 409)
            #expect(
                conflict.text
                    == #"{"json":{"defined":false,"code":"CONFLICT","status":409,"message":"The idempotency key was used before for task add1 with another input; use a new key for a new input"}}"#
            )
        }
    }

    @Test("cancelling answers with the cancelled record, and leaves a finished one as it is")
    func cancel() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            let body = #"{"json":{"taskId":"add1","executionId":"\#(id)"}}"#
            let cancelled = try await service.client.call("cancelTaskExecution", body)
            #expect(cancelled.status == 200)
            #expect(cancelled.text.contains(#""status":"cancelled","error":{"#))
            let again = try await service.client.call("cancelTaskExecution", body)
            #expect(again.text == cancelled.text)

            let other = try await service.client.enqueue()
            try await service.complete()
            let completed = try await service.client.call(
                "cancelTaskExecution",
                #"{"json":{"taskId":"add1","executionId":"\#(other)"}}"#
            )
            #expect(completed.text.contains(#""status":"completed""#))
        }
    }

    @Test(
        "the trace of the request goes with the execution when it is well-formed",
        arguments: [
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1,b@c=x y", true, true),
            ("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later", "", true, false),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "A=1", true, false),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", "a=1", false, false),
            ("00-00000000000000000000000000000000-b7ad6b7169203331-01", "a=1", false, false),
            ("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", "a=1", false, false),
            ("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1", false, false),
            ("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", "a=1", false, false),
            ("nonsense", "a=1", false, false),
        ]
    )
    func trace(parent: String, state: String, keepsParent: Bool, keepsState: Bool) async throws {
        try await RunningService.with { service in
            let reply = try await service.client.call(
                "enqueueTask",
                #"{"json":{"taskId":"add1"}}"#,
                headers: ["traceparent": parent, "tracestate": state]
            )
            #expect(reply.status == 200)
            let lease = try #require(try await service.lease().first)
            #expect(lease.trace?.traceparent == (keepsParent ? parent : nil))
            #expect(lease.trace?.tracestate == (keepsState ? state : nil))
        }
    }
}
