import DurableClient
import DurableCore
import DurableTestKit
import Foundation
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite("Inputs of every sort, with real processes", .timeLimit(.minutes(3)))
struct InputTests {
    @Test("what goes in comes out byte for byte: through the front end, PostgreSQL, the worker, the web app, and back")
    func byteForByte() async throws {
        let nested = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        let inputs: [(json: String, meta: String)] = [
            ("null", ""), ("true", ""), ("1e400", ""), ("-0.50", ""), (#""""#, ""), (#""\u0000 \ud800 😀""#, ""),
            ("[1, 2]", ""),
            (#"{"b":1,"a":{"c":null}}"#, ""), (nested, ""),
            (
                #"{"d":"2026-01-01T00:00:00.000Z","b":"9007199254740993","n":null,"u":"https://a.b/","r":"/a/i"}"#,
                #"[1,"d"],[0,"b"],[2,"n"],[4,"u"],[5,"r"]"#
            ),
            (#"{"s":["1",2],"m":[["k","2026-01-01T00:00:00.000Z"]]}"#, #"[0,"s",0],[6,"s"],[1,"m",0,1],[7,"m"]"#),
            ("\"" + String(repeating: "x", count: (1 << 20) - 2) + "\"", ""),
        ]
        try await Deployment.with(answering: { .json($0.body) }) { deployment in
            try await deployment.startWorker()
            for (json, meta) in inputs {
                let rooted = meta.isEmpty ? "" : #","meta":["# + rootedUnderInput(meta) + "]"
                let body = #"{"json":{"taskId":"add1","input":\#(json)}\#(rooted)}"#
                let (status, answer) = try await deployment.post("enqueueTask", body)
                try #require(status == 200, "\(answer.prefix(300))")
                let id = try #require(ExecutionID(answer.split(separator: "\"")[3]))
                let execution = try await deployment.finished([id])[0]
                let payload = Payload(json: Array(json.utf8), meta: meta.isEmpty ? nil : Array("[\(meta)]".utf8))
                #expect(execution.status == .completed)
                #expect(execution.input == payload)
                #expect(execution.output == payload)
            }
        }
    }

    /// The annotations of an input as they stand in the body of `enqueueTask`.
    private func rootedUnderInput(_ meta: String) -> String {
        meta.replacingOccurrences(of: #"\[(\d+)"#, with: #"[$1,"input""#, options: .regularExpression)
    }

    @Test("what cannot be accepted is refused with a clear error, and nothing is stored")
    func refused() async throws {
        let tooDeep = String(repeating: "[", count: 1100) + String(repeating: "]", count: 1100)
        let tooLarge = "\"" + String(repeating: "x", count: (1 << 20) - 1) + "\""
        let refusals: [(procedure: String, body: String, status: Int, message: String)] = [
            ("enqueueTask", #"{"json":{"taskId":"add1","input":\#(tooLarge)}}"#, 400, "at most 1048576"),
            ("enqueueTask", #"{"json":{"taskId":"add1","input":\#(tooDeep)}}"#, 400, "nest"),
            ("enqueueTask", #"{"json":{"taskId":"nobody","input":1}}"#, 404, "Task nobody not found"),
            (
                "enqueueTask", #"{"json":{"taskId":"add1","options":{"timeoutMs":0}}}"#, 400,
                "Invalid timeout value for task add1"
            ),
            ("enqueueTask", #"{"json":"#, 400, "Malformed request"),
            (
                "getTaskExecution", #"{"json":{"taskId":"add1","executionId":"invalid"}}"#, 404,
                "Task execution not found [executionId=invalid]"
            ),
            (
                "getTaskExecution", #"{"json":{"taskId":"add1","executionId":"te_00000000000000000000000000000000"}}"#,
                404,
                "Task execution not found"
            ),
            ("nothing", "{}", 404, "Not Found"),
        ]
        try await Deployment.with { deployment in
            for refusal in refusals {
                let (status, answer) = try await deployment.post(refusal.procedure, refusal.body)
                #expect(status == refusal.status)
                #expect(answer.contains(refusal.message), "\(answer.prefix(300))")
            }
            let stored = try await deployment.storage.list(ExecutionQuery())
            #expect(stored.isEmpty)
        }
    }

    @Test("ten front ends that migrate at once all become ready")
    func tenMigrate() async throws {
        try await PostgresFixture.with(migrated: false) { fixture in
            let ports = try (0..<10).map { _ in try freePort() }
            let frontEnds = try ports.map { port in
                try DurableProcess([
                    "serve", "--port", "\(port)", "--open", "--migrate", "--database-url", fixture.databaseURL,
                    "--schema",
                    fixture.schema,
                ])
            }
            var ready = 0
            for port in ports {
                let isConfirmed: Void? = try? await eventually("a front end is ready") { await isReady(port: port) }
                if isConfirmed != nil { ready += 1 }
            }
            for frontEnd in frontEnds { await frontEnd.end() }
            #expect(ready == 10)
        }
    }
}

extension Deployment {
    /// Calls a procedure of the front end with a body written by hand.
    fileprivate func post(_ procedure: String, _ body: String) async throws -> (status: Int, answer: String) {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(frontEndPort)/rpc/\(procedure)")))
        request.httpMethod = "POST"
        request.httpBody = Data(body.utf8)
        request.setValue("application/json", forHTTPHeaderField: "content-type")
        let (data, response) = try await URLSession.shared.data(for: request)
        return ((response as? HTTPURLResponse)?.statusCode ?? 0, String(decoding: data, as: UTF8.self))
    }
}
