import DurableCore
import DurableWire

/// The procedures of the server that the vectors were recorded with, as far as their answers can be told from the request.
struct RecordedProcedures {
    typealias Procedure = @Sendable (_ input: WireValue, _ vector: Vector) throws -> Payload

    static let table: [String: ProcedureTable<Procedure>] = [
        "/rpc": ProcedureTable(prefix: "/rpc", all),
        "/loose": ProcedureTable(prefix: "/loose", all),
        "/limit": ProcedureTable(prefix: "/limit", all),
        "/resh": ProcedureTable(prefix: "/resh", all),
    ]

    private static let all: [[String]: Procedure] = [
        ["echo"]: { input, _ in input.payload },
        ["getEcho"]: { input, _ in input.payload },
        ["nothing"]: { _, _ in .undefined },
        ["add1"]: { input, _ in try add(1, to: input) },
        ["add2"]: { input, _ in try add(2, to: input) },
        ["ping"]: { input, _ in
            let pong = input.payload.json ?? Array("null".utf8)
            return Payload(json: Array(#"{"pong":"#.utf8) + pong + Array("}".utf8))
        },
        ["nested", "deep", "hello"]: { input, _ in
            Payload(json: "\"hello \(try input.members?["name"].json()?.string ?? "")\"")
        },
        ["with space", "ünï"]: { _, _ in Payload(json: #""unicode""#) },
        ["with space", "q?#&=+%!'()*~"]: { _, _ in Payload(json: #""punct""#) },
        ["with space", "a/b"]: { _, _ in Payload(json: #""slash""#) },
        ["upload"]: { _, _ in Payload(json: #"{"got":{"$t":"undefined"}}"#) },
        ["setHeader"]: { _, _ in Payload(json: #""ok""#) },
        ["headersIn"]: { _, vector in
            func quoted(_ name: String) -> JSON { vector.requestHeaders[name].map { .string($0) } ?? .null }
            return Payload(
                json: JSON.object([
                    JSON.Member("authorization", quoted("authorization")), JSON.Member("x", quoted("x-custom")),
                ]).encode()
            )
        },
        // Their outputs do not depend on anything: they are in the vectors.
        ["types"]: { _, vector in try Envelope(vector.response?.body ?? []).value.payload },
        ["cls"]: { _, vector in try Envelope(vector.response?.body ?? []).value.payload },
        ["fail"]: { input, _ in
            let json = try input.json()
            throw RPCError(
                RPCErrorCode(rawValue: json?["code"]?.string ?? ""),
                status: json?["status"]?.integer,
                message: json?["message"]?.string
            )
        },
        ["errNullData"]: { _, _ in throw RPCError(.conflict, data: Payload(json: "null")) },
        ["errTopLevelDate"]: { _, _ in
            throw RPCError(
                .conflict,
                data: Payload(json: Array(#""1970-01-01T00:00:00.000Z""#.utf8), meta: Array("[[1]]".utf8))
            )
        },
        ["errCustomCode"]: { _, _ in throw RPCError(RPCErrorCode(rawValue: "MY_CODE")) },
        ["throwString"]: { _, _ in throw RPCError.internalError },
        ["throwUndefined"]: { _, _ in throw RPCError.internalError },
        ["throwPlain"]: { _, _ in throw RPCError.internalError },
        ["definedNoData"]: { input, _ in
            let teapot = RPCErrorCode(rawValue: "TEAPOT")
            switch try input.json()?.string {
            case "nf": throw RPCError(.notFound, message: "custom nf", isDefined: true)
            case "raw": throw RPCError(.notFound, message: "undeclared instance", isDefined: true)
            case "rawstatus": throw RPCError(teapot, status: 500, message: "status does not match the map")
            default: throw RPCError(teapot, status: 418, message: "defined teapot", isDefined: true)
            }
        },
        ["definedBadData"]: { _, _ in
            throw RPCError(RPCErrorCode(rawValue: "BAD"), status: 422, data: Payload(json: #"{"n":-1}"#))
        },
        ["validated"]: { _, _ in
            throw RPCError(
                .badRequest,
                message: "Input validation failed",
                data: Payload(json: #"{"issues":[{"message":"n must be a non-negative number","path":["n"]}]}"#)
            )
        },
        ["flaky"]: { input, vector in
            // It fails so many times before it succeeds; which time this is, is the last character of the vector's id.
            let json = try input.json()
            let failures = json?["failures"]?.integer ?? 0
            let call = Int(String(vector.id.suffix(1))) ?? 0
            guard call > failures else {
                throw RPCError(.serviceUnavailable, message: "flaky failure \(call)")
            }
            return Payload(
                json: JSON.object([
                    JSON.Member("attempts", .number(call)), JSON.Member("value", json?["then"] ?? .null),
                ]).encode()
            )
        },
    ]

    private static func add(_ summand: Int, to input: WireValue) throws -> Payload {
        guard let n = try input.members?["n"].json()?.integer else { throw RPCError.internalError }
        return Payload(json: #"{"n":\#(n + summand)}"#)
    }
}
