import DurableWire
import Foundation
import Testing

/// One recorded exchange between oRPC's own client and server, out of `orpc-vectors.jsonl`.
struct Vector: Sendable, CustomTestStringConvertible {
    let id: String
    let group: String
    let isRealClient: Bool
    let request: RPCRequest
    let requestHeaders: [String: String]
    let response: Response?
    /// What the procedure was called with.
    let handlerInput: JSValue?
    /// What the client was called with.
    let callInput: JSValue?
    let clientResult: JSON?

    struct Response: Sendable {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]
    }

    var testDescription: String { id }

    /// Groups that concern neither a server like ours nor a client like our invoker.
    static let groupsLeftOut: [String: String] = [
        "batch": "neither our front end nor our invoker batches",
        "cors": "a plugin of the real server; ours is called by servers",
        "csrf": "a plugin of the real server; ours asks for a token",
        "event-iterator": "no procedure of ours streams",
        "files": "payloads are JSON",
        "durable-seed": "we follow the latest version",
    ]

    static let all: [Vector] = read()

    private static func read() -> [Vector] {
        var folder = URL(filePath: #filePath)
        while folder.path != "/" {
            folder.deleteLastPathComponent()
            let file = folder.appending(path: "shared/reference/orpc-vectors.jsonl")
            guard let text = try? Data(contentsOf: file) else { continue }
            return text.split(separator: UInt8(ascii: "\n")).compactMap { line in
                (try? JSON(parsing: Array(line))).flatMap(Vector.init)
            }
            .filter { groupsLeftOut[$0.group] == nil }
        }
        return []
    }

    private init?(_ json: JSON) {
        guard let id = json["id"]?.string, let group = json["group"]?.string, let request = json["request"],
            let via = json["via"]?.string
        else { return nil }
        self.id = id
        self.group = group
        isRealClient = via.hasPrefix("real-client")
        requestHeaders = Self.headers(request["headers"])
        self.request = RPCRequest(
            method: request["method"]?.string ?? "",
            target: request["path"]?.string ?? "",
            contentType: requestHeaders["content-type"],
            contentDisposition: requestHeaders["content-disposition"],
            body: Array((request["body"]?.string ?? "").utf8)
        )
        response = json["response"].flatMap { response in
            response["status"]?.integer.map { status in
                Response(
                    status: status,
                    headers: Self.headers(response["headers"]),
                    body: Array((response["body"]?.string ?? "").utf8)
                )
            }
        }
        handlerInput = json["handler"]?.array?.first?["input"].map { JSValue(tagged: $0) }
        callInput = json["call"]?["input"].map { JSValue(tagged: $0) }
        clientResult = json["clientResult"]
    }

    private static func headers(_ json: JSON?) -> [String: String] {
        let pairs = (json?.array ?? []).compactMap { pair -> (String, String)? in
            guard let pair = pair.array, pair.count == 2, let name = pair[0].string, let value = pair[1].string else {
                return nil
            }
            return (name.lowercased(), value)
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
