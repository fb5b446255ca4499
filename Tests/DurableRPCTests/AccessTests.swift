import DurableRPC
import Testing

@Suite("Tokens and roles over HTTP", .timeLimit(.minutes(1)))
struct AccessTests {
    static let access = Access.tokens(
        Tokens([
            Token(name: "producer", roles: [.enqueue], text: "enqueue-only"),
            Token(name: "reader", roles: [.read], text: "read-only"),
            Token(name: "app", roles: [.enqueue, .read], text: "both"),
            Token(name: "ops", roles: [.admin], text: "everything"),
        ])
    )

    @Test("both forms of the header are accepted", arguments: ["Bearer both", "both", "bearer both", "Bearer  both"])
    func forms(authorization: String) async throws {
        try await RunningService.with(access: Self.access) { service in
            let reply = try await service.client.call(
                "enqueueTask",
                #"{"json":{"taskId":"add1"}}"#,
                headers: ["authorization": authorization]
            )
            #expect(reply.status == 200)
        }
    }

    @Test(
        "without a token that is known nothing is done",
        arguments: [nil, "", "Bearer", "Bearer ", "Bearer bot", "Bearer both2", "Basic both", "enqueue-onl"]
    )
    func unauthorized(authorization: String?) async throws {
        try await RunningService.with(access: Self.access) { service in
            let reply = try await service.client.call(
                "enqueueTask",
                #"{"json":{"taskId":"add1"}}"#,
                headers: authorization.map { ["authorization": $0] } ?? [:]
            )
            #expect(reply.status == 401)
            #expect(reply.headers["content-type"] == "application/json")
            #expect(reply.headers["www-authenticate"] == "Bearer")
            let message =
                authorization == nil
                ? "A token is required: send it as Authorization: Bearer TOKEN" : "The token is not known"
            #expect(reply.text == RefusalTests.body("UNAUTHORIZED", 401, message))
            #expect(service.storage.calls(.insert) == 0)
        }
    }

    static let needs = [
        "enqueueTask": "enqueue", "enqueueTasks": "enqueue", "getTaskExecution": "read",
        "waitForTaskExecution": "read", "inspectTaskExecution": "read", "cancelTaskExecution": "enqueue and read",
        "retryTaskExecution": "enqueue and read", "wakeupSleepingTaskExecution": "enqueue and read",
    ]

    @Test(
        "a token does what its roles allow",
        arguments: [
            ("enqueue-only", ["enqueueTask", "enqueueTasks"]),
            ("read-only", ["getTaskExecution", "waitForTaskExecution", "inspectTaskExecution"]),
            ("both", Array(needs.keys)),
            ("everything", Array(needs.keys)),
        ]
    )
    func roles(token: String, allowed: [String]) async throws {
        try await RunningService.with(access: Self.access) { service in
            for (procedure, roles) in Self.needs {
                let reply = try await service.client.call(procedure, "{}", headers: ["authorization": token])
                if allowed.contains(procedure) {
                    #expect(reply.status == 400)
                } else {
                    #expect(reply.status == 403)
                    #expect(
                        reply.text
                            == RefusalTests.body("FORBIDDEN", 403, "\(procedure) needs a token with the role \(roles)")
                    )
                }
            }
        }
    }

    @Test("health needs no token, and tokens are not logged")
    func health() async throws {
        try await RunningService.with(access: Self.access) { service in
            let alive = try await service.client.send("GET", "/healthz")
            #expect(alive.status == 200)
            let ready = try await service.client.send("GET", "/readyz")
            #expect(ready.status == 200)
            _ = try await service.client.call("enqueueTask", "{}", headers: ["authorization": "Bearer both"])
            _ = try await service.client.call("enqueueTask", "{}", headers: ["authorization": "Bearer hunter2"])
            for line in service.log.lines {
                #expect(!"\(line)".contains("both") && !"\(line)".contains("hunter2"))
            }
        }
    }
}
