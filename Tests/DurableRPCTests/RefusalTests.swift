import DurableCore
import DurableRPC
import Testing

@Suite("What is refused, and how", .timeLimit(.minutes(1)))
struct RefusalTests {
    static let malformed =
        "Malformed request. Ensure the request body is properly formatted and the 'Content-Type' header is set correctly."

    static func body(_ code: String, _ status: Int, _ message: String) -> String {
        #"{"json":{"defined":false,"code":"\#(code)","status":\#(status),"message":"\#(message)"}}"#
    }

    @Test(
        "arguments that are not what they should be are told what they should be",
        arguments: [
            ("enqueueTask", "", 400, "The input must be an object: {taskId, input, options?}"),
            ("enqueueTask", "{}", 400, "The input must be an object: {taskId, input, options?}"),
            ("enqueueTask", #"{"json":null}"#, 400, "The input must be an object: {taskId, input, options?}"),
            ("enqueueTask", #"{"json":{}}"#, 400, "taskId must be a string"),
            ("enqueueTask", #"{"json":{"taskId":7}}"#, 400, "taskId must be a string"),
            ("enqueueTask", #"{"json":{"taskId":"7"},"meta":[[0,"taskId"]]}"#, 400, "taskId must be a string"),
            ("enqueueTask", #"{"json":{"taskId":"invalid","input":1}}"#, 404, "Task invalid not found"),
            ("enqueueTask", #"{"json":{"taskId":"constructor"}}"#, 404, "Task constructor not found"),
            ("enqueueTask", #"{"json":{"taskId":""}}"#, 404, "Task  not found"),
            (
                "enqueueTask", #"{"json":{"taskId":"add1","options":{"timeoutMs":1.5}}}"#, 400,
                "Invalid timeout value for task add1: expected an integer from 1 to 9007199254740991, got 1.5"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"add1","options":{"sleepMsBeforeRun":-1}}}"#, 400,
                "Invalid sleep ms before run for task add1: expected a number of at least 0, got -1.0"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"add1","options":{"retryOptions":{"maxAttempts":1001}}}}"#, 400,
                "Invalid retry options for task add1: maxAttempts must be an integer from 0 to 1000, got 1001"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"add1","options":{"idempotencyKey":""}}}"#, 400,
                "Invalid idempotency key for task add1: expected a text of 1 to 255 bytes without NUL, got 0 bytes"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"add1","options":{"priority":101}}}"#, 400,
                "Invalid priority for task add1: expected an integer from -100 to 100, got 101"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"add1","options":{"expiresInMs":0}}}"#, 400,
                "Invalid expires in ms for task add1: expected an integer from 1 to 9007199254740991, got 0"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"payment"}}"#, 400,
                "A unique id string is required to enqueue a sleeping task [taskId=payment]"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"payment","input":7}}"#, 400,
                "Input must be a unique id string for sleeping task [taskId=payment]"
            ),
            (
                "enqueueTask", #"{"json":{"taskId":"payment","input":""}}"#, 400,
                "A non-empty unique id string is required for sleeping task [taskId=payment]"
            ),
            ("enqueueTasks", #"{"json":{}}"#, 400, "tasks must be an array of {taskId, input, options?}"),
            ("enqueueTasks", #"{"json":[]}"#, 400, "The input must be an object: {tasks: [{taskId, input, options?}]}"),
            ("getTaskExecution", #"{"json":{"taskId":"add1"}}"#, 400, "executionId must be a string"),
            ("getTaskExecution", #"{"json":{"taskId":["add1"],"executionId":"x"}}"#, 400, "taskId must be a string"),
            ("getTaskExecution", #"{"json":{"taskId":"invalid","executionId":"x"}}"#, 404, "Task invalid not found"),
            (
                "getTaskExecution", #"{"json":{"taskId":"add1","executionId":"invalid"}}"#, 404,
                "Task execution not found [executionId=invalid]"
            ),
            (
                "getTaskExecution",
                #"{"json":{"taskId":"add1","executionId":"te_00000000000000000000000000000000"}}"#, 404,
                "Task execution not found [executionId=te_00000000000000000000000000000000]"
            ),
            (
                "cancelTaskExecution", #"{"json":{"taskId":"add1","executionId":"invalid"}}"#, 404,
                "Task execution not found [executionId=invalid]"
            ),
            (
                "retryTaskExecution", #"{"json":{"taskId":"add1","executionId":"invalid"}}"#, 404,
                "Task execution not found [executionId=invalid]"
            ),
            ("retryTaskExecution", #"{"json":{"taskId":"add1"}}"#, 400, "executionId must be a string"),
            (
                "inspectTaskExecution", #"{"json":{"taskId":"add1","executionId":"invalid"}}"#, 404,
                "Task execution not found [executionId=invalid]"
            ),
            (
                "inspectTaskExecution", #"{"json":{"taskId":"invalid","executionId":"x"}}"#, 404,
                "Task invalid not found"
            ),
            (
                "waitForTaskExecution", #"{"json":{"taskId":"add1","executionId":"x","timeoutMs":60001}}"#, 400,
                "timeoutMs must be a number from 0 to 60000"
            ),
            (
                "waitForTaskExecution", #"{"json":{"taskId":"add1","executionId":"x","timeoutMs":"1"}}"#, 400,
                "timeoutMs must be a number from 0 to 60000"
            ),
            (
                "waitForTaskExecution", #"{"json":{"taskId":"add1","executionId":"invalid","timeoutMs":60000}}"#, 404,
                "Task execution not found [executionId=invalid]"
            ),
        ]
    )
    func arguments(procedure: String, body: String, status: Int, message: String) async throws {
        try await RunningService.with { service in
            let reply = try await service.client.call(procedure, body)
            #expect(reply.status == status)
            #expect(reply.headers["content-type"] == "application/json")
            #expect(reply.text == Self.body(status == 404 ? "NOT_FOUND" : "BAD_REQUEST", status, message))
            #expect(service.storage.calls(.insert) == 0)
        }
    }

    @Test("the execution of another task is not found")
    func anotherTask() async throws {
        try await RunningService.with { service in
            let id = try await service.client.enqueue()
            let reply = try await service.client.call(
                "getTaskExecution",
                #"{"json":{"taskId":"other","executionId":"\#(id)"}}"#
            )
            #expect(
                reply.text
                    == Self.body(
                        "NOT_FOUND",
                        404,
                        "Task execution belongs to another task [providedTaskId=other] [taskId=add1] [executionId=\(id)]"
                    )
            )
        }
    }

    @Test(
        "what cannot be read is malformed",
        arguments: [
            "{", "null", #"{"json":}"#, #"{"json":1}x"#, #"{"json":{"a":1},"meta":[[1,"b"]]}"#, #"{"json":1,"meta":5}"#,
            #"{"json":"x","meta":[[0]]}"#, "{\"json\":\"\u{1}\"}", #"{"json":"\x"}"#,
        ]
    )
    func malformed(body: String) async throws {
        try await RunningService.with { service in
            let reply = try await service.client.call("enqueueTask", body)
            #expect(reply.status == 400)
            #expect(reply.text == Self.body("BAD_REQUEST", 400, Self.malformed))
        }
    }

    @Test("bytes that are no UTF-8 are malformed")
    func invalidUTF8() async throws {
        try await RunningService.with { service in
            let body = Array(#"{"json":{"taskId":"add1","input":""#.utf8) + [0xC3, 0x28] + Array(#""}}"#.utf8)
            let reply = try await service.client.send("POST", "/rpc/enqueueTask", body)
            #expect(reply.text == Self.body("BAD_REQUEST", 400, Self.malformed))
        }
    }

    @Test("a form is malformed, and a text is no input")
    func contentTypes() async throws {
        try await RunningService.with { service in
            let body = #"{"json":{"taskId":"add1"}}"#
            let form = try await service.client.call(
                "enqueueTask",
                body,
                headers: ["content-type": "multipart/form-data; boundary=x"]
            )
            #expect(form.text == Self.body("BAD_REQUEST", 400, Self.malformed))
            let text = try await service.client.call("enqueueTask", body, headers: ["content-type": "text/plain"])
            #expect(
                text.text
                    == Self.body("BAD_REQUEST", 400, "The input must be an object: {taskId, input, options?}")
            )
        }
    }

    @Test("nesting has a limit, and the answer says so")
    func depth() async throws {
        try await RunningService.with { service in
            func nested(_ levels: Int) async throws -> HTTPConnection.Reply {
                let input = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
                return try await service.client.call("enqueueTask", #"{"json":{"taskId":"add1","input":\#(input)}}"#)
            }
            let accepted = try await nested(400)
            #expect(accepted.status == 200)
            let refused = try await nested(100_000)
            #expect(refused.status == 400)
            #expect(refused.text.contains("The request is nested too deeply; at most "))
        }
    }

    @Test(
        "whatever is no procedure is not found, with an oRPC body",
        arguments: [
            "/rpc", "/rpc/", "/rpc/nothing", "/rpc/enqueuetask", "/rpc/enqueueTask//", "/rpc//enqueueTask",
            "/rpc/a/enqueueTask", "/enqueueTask", "/rpcx/enqueueTask", "/", "/rpc/%65nqueueTask",
        ]
    )
    func unknown(path: String) async throws {
        try await RunningService.with { service in
            let reply = try await service.client.send("POST", path, Array(#"{"json":{"taskId":"add1"}}"#.utf8))
            #expect(reply.status == 404)
            #expect(reply.headers["content-type"] == "application/json")
            #expect(reply.text == Self.body("NOT_FOUND", 404, "Not Found"))
        }
    }

    @Test("every method but GET is a POST", arguments: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
    func methods(method: String) async throws {
        try await RunningService.with { service in
            let reply = try await service.client.send(
                method,
                "/rpc/enqueueTask/?x=1",
                Array(#"{"json":{"taskId":"add1"}}"#.utf8)
            )
            #expect(reply.status == 200)
        }
    }

    @Test("GET is refused once its input has been read")
    func get() async throws {
        try await RunningService.with { service in
            let path = "/rpc/enqueueTask?data="
            let refused = try await service.client.send(
                "GET",
                path + "%7B%22json%22%3A%7B%22taskId%22%3A%22add1%22%7D%7D"
            )
            #expect(refused.status == 405)
            #expect(refused.text == Self.body("METHOD_NOT_SUPPORTED", 405, "Method Not Supported"))
            let malformed = try await service.client.send("GET", path + "%7B")
            #expect(malformed.text == Self.body("BAD_REQUEST", 400, Self.malformed))
            #expect(service.storage.calls(.insert) == 0)
        }
    }

    @Test("HEAD answers without a body")
    func head() async throws {
        try await RunningService.with { service in
            let reply = try await HTTPConnection.with(port: service.client.port) { connection in
                try await connection.send(Client.request("HEAD", "/rpc/enqueueTask", []))
                let head = try await connection.reply(hasBody: false)
                // Had a body followed, it would be taken for the next answer.
                try await connection.send(Client.request("GET", "/healthz", []))
                let next = try await connection.reply()
                #expect(next.text == "alive\n")
                return head
            }
            #expect(reply.status == 400)
        }
    }

    @Test("the prefix can be chosen", arguments: ["/api/durable", "/api/durable/", "", "/"])
    func prefix(prefix: String) async throws {
        try await RunningService.with(configure: { $0.rpcPrefix = prefix }) { service in
            let body = Array(#"{"json":{"taskId":"add1"}}"#.utf8)
            let path = prefix.isEmpty || prefix == "/" ? "" : "/api/durable"
            let found = try await service.client.send("POST", path + "/enqueueTask", body)
            #expect(found.status == 200)
            let missing = try await service.client.send("POST", "/rpc/enqueueTask", body)
            #expect(missing.status == 404)
            let alive = try await service.client.send("GET", "/healthz")
            #expect(alive.status == 200)
        }
    }
}
