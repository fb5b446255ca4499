/// Calls a front end as a web app does.
struct Client: Sendable {
    let port: Int

    /// Sends one request on a connection of its own.
    func send(
        _ method: String = "POST",
        _ path: String,
        _ body: [UInt8] = [],
        headers: [String: String] = [:]
    ) async throws -> HTTPConnection.Reply {
        try await HTTPConnection.with(port: port) { connection in
            try await connection.send(Self.request(method, path, body, headers: headers))
            return try await connection.reply(hasBody: method != "HEAD")
        }
    }

    /// Calls a procedure under the standard prefix with a JSON body.
    func call(
        _ procedure: String,
        _ body: String,
        headers: [String: String] = [:]
    ) async throws -> HTTPConnection.Reply {
        let all = headers.merging(["content-type": "application/json"]) { own, _ in own }
        return try await send("POST", "/rpc/\(procedure)", Array(body.utf8), headers: all)
    }

    /// Enqueues `add1` and returns the execution's id.
    func enqueue(_ body: String = #"{"json":{"taskId":"add1","input":{"n":0}}}"#) async throws -> String {
        let reply = try await call("enqueueTask", body)
        guard reply.status == 200 else { throw Unexpected(reply: reply.text) }
        return String(reply.text.dropFirst(#"{"json":""#.count).dropLast(#""}"#.count))
    }

    struct Unexpected: Error { let reply: String }

    static func request(
        _ method: String,
        _ path: String,
        _ body: [UInt8],
        headers: [String: String] = [:]
    ) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nhost: durable.test\r\n"
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { head += "\(name): \(value)\r\n" }
        let isFramed = headers["content-length"] != nil || headers["transfer-encoding"] != nil
        if !isFramed, !body.isEmpty || method == "POST" {
            head += "content-length: \(body.count)\r\n"
        }
        return Array((head + "\r\n").utf8) + body
    }
}
