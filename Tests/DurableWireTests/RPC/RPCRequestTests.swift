import DurableCore
import DurableWire
import Testing

@Suite("Requests to procedures")
struct RPCRequestTests {
    private static let table = ProcedureTable(
        prefix: "/rpc",
        [
            ["add1"]: "add1", ["planet", "create"]: "create", ["with space", "a/b"]: "slash", ["ü?"]: "unicode",
            ["{}"]: "braces",
        ]
    )

    @Test(
        "A path means the procedure it was made of, one slash more at the end or not",
        arguments: [
            ("/rpc/add1", "add1"), ("/rpc/add1/", "add1"), ("/rpc/add1?x=1", "add1"), ("/rpc/planet/create", "create"),
            ("/rpc/with%20space/a%2Fb", "slash"), ("/rpc/%C3%BC%3F", "unicode"), ("/rpc/x/../add1", "add1"),
            ("/rpc/./add1", "add1"), ("/rpc/x/%2E%2e/add1", "add1"), ("/../rpc/add1", "add1"),
            ("/rpc/planet/create/x/..", "create"),
            ("/rpc/{}", "braces"), ("/rpc/add1?", "add1"),
        ]
    )
    func matches(_ target: String, procedure: String) {
        #expect(Self.table[target: target] == procedure)
    }

    @Test(
        "Any other path means none",
        arguments: [
            "/rpc", "/rpc/", "/", "", "/rpc/add1//", "/rpc//add1", "/rpc/Add1", "/RPC/add1", "/rpc/%61dd1",
            "/rpc/%c3%bc%3f",
            "/rpc/with%20space/a%2fb", "/rpc/planet", "/rpc/add1/deeper", "/rpcx/add1", "/rpcadd1", "/add1",
            "/rpc/__proto__",
            "/x?/rpc/add1", "/rpc/add1%3F",
        ]
    )
    func unmatched(_ target: String) {
        #expect(Self.table[target: target] == nil)
    }

    @Test("The prefix may be empty, and end with a slash", arguments: ["", "/"])
    func prefixes(_ prefix: String) {
        let table = ProcedureTable(prefix: prefix, [["add1"]: 1])
        #expect(table[target: "/add1"] == 1)
        #expect(table[target: "/rpc/add1"] == nil)
        #expect(ProcedureTable(prefix: "/a/b/", [["add1"]: 1])[target: "/a/b/add1"] == 1)
    }

    @Test("encodeURIComponent leaves what it leaves in JavaScript")
    func component() {
        #expect(PercentEncoding.encodeComponent("AZaz09-_.!~*'()") == "AZaz09-_.!~*'()")
        #expect(PercentEncoding.encodeComponent(" /?#&=+%ü🐴\"") == "%20%2F%3F%23%26%3D%2B%25%C3%BC%F0%9F%90%B4%22")
    }

    @Test(
        "Headers decide how the body is read, with case",
        arguments: [
            (nil, nil, true), ("", nil, true), ("application/json", nil, true),
            ("application/json; charset=utf-8", nil, true),
            ("application/json;charset=ISO-8859-1", nil, true), ("application/jsonx", nil, true),
            ("Application/JSON", nil, false), ("text/json", nil, false), ("text/plain", nil, false),
            ("application/x-www-form-urlencoded", nil, false), ("application/problem+json", nil, false),
            ("application/json", "attachment", false), (nil, "", false),
        ] as [(String?, String?, Bool)]
    )
    func headers(_ contentType: String?, disposition: String?, isRead: Bool) throws {
        let request = RPCRequest(
            target: "/rpc/echo",
            contentType: contentType,
            contentDisposition: disposition,
            body: Array(#"{"json":1}"#.utf8)
        )
        let input = try request.input()
        #expect(input.payload == (isRead ? Payload(json: "1") : .undefined))
    }

    @Test(
        "Forms and streams as inputs are malformed",
        arguments: ["multipart/form-data; boundary=b", "text/event-stream"]
    )
    func unsupported(_ contentType: String) {
        var logged: [MalformedBody] = []
        let request = RPCRequest(target: "/rpc/echo", contentType: contentType, body: Array(#"{"json":1}"#.utf8))
        #expect(throws: RPCError.malformedRequest) { try request.input { logged.append($0) } }
        #expect(logged == [.unsupported(contentType: contentType)])
    }

    @Test(
        "Every method but GET carries the input in the body",
        arguments: ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "get"]
    )
    func methods(_ method: String) throws {
        let request = RPCRequest(
            method: method,
            target: "/rpc/echo?data=%7B%22json%22%3A2%7D",
            body: Array(#"{"json":1}"#.utf8)
        )
        let input = try request.input()
        #expect(input.payload == Payload(json: "1"))
        let empty = try RPCRequest(method: method, target: "/rpc/echo").input()
        #expect(empty.payload == .undefined)
    }

    @Test(
        "GET carries it in the last data of the query",
        arguments: [
            ("", nil), ("?", nil), ("?data", nil), ("?data=", nil), ("?data=%7B%7D", nil), ("?other=1", nil),
            ("?data=%7B%22json%22%3A1%7D", "1"), ("?data=%7B%22json%22%3A1%7D&data=%7B%22json%22%3A2%7D", "2"),
            ("?x=1&data=%7B%22json%22%3A%22a+b%22%7D&y=2", #""a b""#), ("?d%61ta=%7B%22json%22%3A1%7D", "1"),
            (#"?data={"json":"100%"}"#, #""100%""#), ("?data=%7B%22json%22%3A%22%FF%22%7D", "\"\u{FFFD}\""),
            (#"?data={"json":"a=b?"}"#, #""a=b?""#),
        ] as [(String, String?)]
    )
    func get(_ query: String, json: String?) throws {
        let request = RPCRequest(method: "GET", target: "/rpc/ping" + query, body: Array("ignored".utf8))
        let input = try request.input(allowingGET: true)
        #expect(input.payload == json.map { Payload(json: $0) } ?? .undefined)
    }

    @Test("GET on another procedure is refused, but only once the input has been read")
    func getGuard() {
        #expect(throws: RPCError.methodNotSupported) {
            try RPCRequest(method: "GET", target: "/rpc/add1?data=%7B%7D").input()
        }
        #expect(throws: RPCError.malformedRequest) {
            try RPCRequest(method: "GET", target: "/rpc/add1?data=%7B").input()
        }
    }
}
