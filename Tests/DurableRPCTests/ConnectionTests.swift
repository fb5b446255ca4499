import DurableCore
import DurableRPC
import DurableTestKit
import Testing

@Suite("Connections and bodies", .timeLimit(.minutes(5)))
struct ConnectionTests {
    static let body = Array(#"{"json":{"taskId":"add1"}}"#.utf8)

    @Test("a connection serves one request after the other")
    func keepAlive() async throws {
        try await RunningService.with { service in
            try await HTTPConnection.with(port: service.client.port) { connection in
                for _ in 0..<3 {
                    try await connection.send(Client.request("POST", "/rpc/enqueueTask", Self.body))
                    let reply = try await connection.reply()
                    #expect(reply.status == 200)
                    #expect(reply.headers["connection"] == nil)
                }
                let pair = Client.request("POST", "/rpc/enqueueTask", Self.body)
                try await connection.send(pair + pair)
                let pipelined = try await [connection.reply().status, connection.reply().status]
                #expect(pipelined == [200, 200])
            }
        }
    }

    @Test(
        "the largest body is taken, one byte more is refused",
        arguments: [("enqueueTask", 1 << 20 + 64 << 10), ("enqueueTasks", 16 << 20)]
    )
    func bodyLimit(procedure: String, limit: Int) async throws {
        try await RunningService.with(configure: { $0.requestTimeout = .seconds(300) }) { service in
            func send(_ size: Int, chunked: Bool) async throws -> HTTPConnection.Reply {
                let rest = procedure == "enqueueTask" ? #""taskId":"add1""# : #""tasks":[]"#
                let frame = #"{"json":{\#(rest)},"x":""}"#
                let text = #"{"json":{\#(rest)},"x":"\#(String(repeating: "x", count: size - frame.utf8.count))"}"#
                let bytes = Array(text.utf8)
                let framed =
                    chunked
                    ? Array((String(size, radix: 16) + "\r\n").utf8) + bytes + Array("\r\n0\r\n\r\n".utf8) : bytes
                return try await service.client.send(
                    "POST",
                    "/rpc/\(procedure)",
                    framed,
                    headers: chunked ? ["transfer-encoding": "chunked"] : [:]
                )
            }
            for chunked in [false, true] {
                // Reading 16 MiB takes an unoptimized build seconds: once is enough.
                if !chunked || limit < 2 << 20 {
                    let accepted = try await send(limit, chunked: chunked)
                    #expect(accepted.status == 200)
                }
                let refused = try await send(limit + 1, chunked: chunked)
                #expect(refused.status == 413)
                #expect(
                    refused.text
                        == RefusalTests.body(
                            "PAYLOAD_TOO_LARGE",
                            413,
                            "The request is larger than \(limit) bytes, the most that is accepted"
                        )
                )
            }
        }
    }

    @Test("what is refused unread says so and closes the connection")
    func earlyAnswer() async throws {
        try await RunningService.with(access: AccessTests.access) { service in
            try await HTTPConnection.with(port: service.client.port) { connection in
                try await connection.send(
                    Client.request("POST", "/rpc/enqueueTask", Self.body, headers: ["content-length": "1000000"])
                )
                let reply = try await connection.reply()
                #expect(reply.status == 401)
                #expect(reply.headers["connection"] == "close")
                let isClosed = try await connection.isClosed()
                #expect(isClosed)
            }
        }
    }

    @Test("a body that drips is answered with 408 when the time is up")
    func slowBody() async throws {
        try await RunningService.with(configure: { $0.requestTimeout = .milliseconds(300) }) { service in
            try await HTTPConnection.with(port: service.client.port) { connection in
                let head = Client.request("POST", "/rpc/enqueueTask", [], headers: ["content-length": "1000"])
                try await connection.send(head)
                // Fails when the connection was closed before.
                for _ in 0..<3 { try? await connection.send("{") }
                let reply = try await connection.reply()
                #expect(reply.status == 408)
                #expect(reply.headers["connection"] == "close")
                #expect(reply.text == RefusalTests.body("TIMEOUT", 408, "Request Timeout"))
                let isClosed = try await connection.isClosed()
                #expect(isClosed)
            }
        }
    }

    @Test("the time is for what the client sends, not for what the service does with it")
    func slowStorage() async throws {
        try await RunningService.with(configure: { $0.requestTimeout = .milliseconds(50) }) { service in
            let gate = Gate()
            service.storage.hold(at: gate)
            async let reply = service.client.call("enqueueTask", String(decoding: Self.body, as: UTF8.self))
            try await eventually { gate.waiting == 1 }
            try await Task.sleep(for: .milliseconds(150))
            gate.open()
            let status = try await reply.status
            #expect(status == 200)
        }
    }

    @Test("a head that does not come, and a connection that does nothing, are closed", arguments: ["", "POST /rpc/en"])
    func idle(start: String) async throws {
        try await RunningService.with(configure: { $0.idleTimeout = .milliseconds(200) }) { service in
            try await HTTPConnection.with(port: service.client.port) { connection in
                // Fails when the connection was closed before.
                if !start.isEmpty { try? await connection.send(start) }
                let isClosed = try await connection.isClosed()
                #expect(isClosed)
            }
        }
    }

    @Test("a client that asks whether to go on is told to")
    func expectContinue() async throws {
        try await RunningService.with { service in
            try await HTTPConnection.with(port: service.client.port) { connection in
                let request = Client.request("POST", "/rpc/enqueueTask", Self.body, headers: ["expect": "100-continue"])
                try await connection.send(Array(request.dropLast(Self.body.count)))
                let goOn = try await connection.reply()
                #expect(goOn.status == 100)
                try await connection.send(Self.body)
                let reply = try await connection.reply()
                #expect(reply.status == 200)
            }
        }
    }

    @Test("a client that breaks off in the middle of a body enqueues nothing, and the service goes on")
    func brokenOff() async throws {
        try await RunningService.with(configure: { $0.maxConcurrentRequests = 1 }) { service in
            try await HTTPConnection.with(port: service.client.port) { connection in
                try await connection.send(
                    Client.request("POST", "/rpc/enqueueTask", Self.body, headers: ["content-length": "1000"])
                )
            }
            try await eventually {
                try await service.client.call("enqueueTask", #"{"json":{"taskId":"other"}}"#).status == 200
            }
            let leases = try await service.lease()
            #expect(leases.allSatisfy { $0.taskID == "other" })
        }
    }

    @Test("a port that is taken is named in the error")
    func portTaken() async throws {
        try await RunningService.with { service in
            let second = HealthServer(
                host: "127.0.0.1",
                port: service.client.port,
                readiness: { .ready },
                logger: service.log.logger
            )
            let error = await #expect(throws: CannotListen.self) { try await second.run() }
            #expect(error?.description.hasPrefix("Cannot listen on 127.0.0.1:\(service.client.port): ") == true)
            #expect(error?.description.contains("Address already in use") == true)
        }
    }
}
