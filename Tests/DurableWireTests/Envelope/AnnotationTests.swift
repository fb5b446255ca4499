import DurableCore
import DurableWire
import Testing

@Suite("Type annotations")
struct AnnotationTests {
    static let accepted: [(json: String, meta: String)] = [
        // BigInt
        (#""1""#, "[[0]]"), (#""-1""#, "[[0]]"), (#""+1""#, "[[0]]"), (#""0x1F""#, "[[0]]"), (#""0b11""#, "[[0]]"),
        (#""0o17""#, "[[0]]"), (#""""#, "[[0]]"), (#"" \n7 ""#, "[[0]]"), (#""007""#, "[[0]]"), ("5", "[[0]]"),
        ("1.0", "[[0]]"), ("1e30", "[[0]]"), ("true", "[[0]]"), (#""123456789012345678901234567890""#, "[[0]]"),
        // Date takes all, NaN and undefined do not look
        (#""2024-02-29T12:34:56.789Z""#, "[[1]]"), ("null", "[[1]]"), (#""not a date""#, "[[1]]"), ("0", "[[1]]"),
        ("{}", "[[1]]"), ("null", "[[2]]"), (#""whatever""#, "[[2]]"), ("[null]", "[[3,0]]"),
        (#"{"a":null}"#, #"[[3,"a"]]"#),
        // URL
        (#""https://a.b/""#, "[[4]]"), (#""HTTP:a.b""#, "[[4]]"), (#""https://u:p@a.b:443/x?y#z""#, "[[4]]"),
        (#""http://[::1]:8080/""#, "[[4]]"), (#""mailto:a@b""#, "[[4]]"), (#""data:,""#, "[[4]]"),
        (#""file:///x""#, "[[4]]"),
        // RegExp
        (#""/ab+c/gi""#, "[[5]]"), (#""/(?:)/""#, "[[5]]"), (#""//""#, "[[5]]"), (#""/a\\/b/""#, "[[5]]"),
        // Set and Map
        ("[]", "[[6]]"), ("[1,1]", "[[6]]"), (#""abc""#, "[[6]]"), ("null", "[[6]]"), ("[]", "[[7]]"),
        ("null", "[[7]]"),
        ("[[1,2]]", "[[7]]"), ("[[]]", "[[7]]"), ("[{}]", "[[7]]"), (#""""#, "[[7]]"),
        // Inside before outside
        (#"["1"]"#, "[[0,0],[6]]"), (#"[["1",null]]"#, "[[0,0,0],[3,0,1],[7]]"), (#"[["1"]]"#, "[[6,0],[7]]"),
        (#"{"s":["2024-01-01"]}"#, #"[[1,"s",0],[6,"s"]]"#),
        // Twice
        (#""5""#, "[[0],[0]]"), ("[]", "[[6],[6]]"), ("[]", "[[7],[6]]"), (#""x""#, "[[2],[1]]"), ("null", "[[3],[6]]"),
        // Paths
        (#"{"a":{"b":"1"}}"#, #"[[0,"a","b"]]"#), (#"{"":{"":"5"}}"#, #"[[0,"",""]]"#), (#"["1"]"#, #"[[0,"0"]]"#),
        (#"{"0":"1"}"#, "[[0,0]]"), (#"{"null":"1","true":"2"}"#, "[[0,null],[0,true]]"),
        (#"{"1.5":"1"}"#, "[[0,1.5]]"),
        (#"{"1e+21":"1"}"#, "[[0,1e21]]"), (#"["1","2"]"#, "[[0,1.0]]"), (#"{"\u0061":"1"}"#, #"[[0,"a"]]"#),
        (#"{"\ud800":"1"}"#, #"[[0,"\ud800"]]"#), (#"{"constructor":"1"}"#, #"[[0,"constructor"]]"#),
        (#"{"a":"x","a":"1"}"#, #"[[0,"a"]]"#), (#"{"a":{"x":1},"a":{"b":"1"}}"#, #"[[0,"a","b"]]"#),
        // What says nothing
        ("1", "null"), ("1", "[]"), ("1", #""ab""#), ("1", "[5,true,[],\"x\"]"), (#"{"a":1}"#, #"[[42,"a"]]"#),
        (#"{"a":1}"#, #"[["0","a"],[null,"a"],[0.5,"a"],[-1,"a"],[8,"a"],[1e400,"a"]]"#),
    ]

    static let refused: [(json: String, meta: String, index: Int)] = [
        (#""abc""#, "[[0]]", 0), ("1.5", "[[0]]", 0), ("1e400", "[[0]]", 0), ("null", "[[0]]", 0), ("{}", "[[0]]", 0),
        (#""1n""#, "[[0]]", 0), (#""-0x1""#, "[[0]]", 0), (#""0x""#, "[[0]]", 0), (#""-""#, "[[0]]", 0),
        (#""1_0""#, "[[0]]", 0),
        (#""0b2""#, "[[0]]", 0), (#""1 2""#, "[[0]]", 0),
        (#""not a url""#, "[[4]]", 0), (#""""#, "[[4]]", 0), ("5", "[[4]]", 0), ("null", "[[4]]", 0),
        (#""/path""#, "[[4]]", 0),
        (#""http://""#, "[[4]]", 0), (#""http://a b/""#, "[[4]]", 0), (#""http://a:99999/""#, "[[4]]", 0),
        (#""http://a:x/""#, "[[4]]", 0), (#""1http://a""#, "[[4]]", 0), (#""http://[zz]/""#, "[[4]]", 0),
        (#""ab+c""#, "[[5]]", 0), (#""/ab""#, "[[5]]", 0), (#""/""#, "[[5]]", 0), (#""/a/x""#, "[[5]]", 0),
        (#""/a/gg""#, "[[5]]", 0),
        (#""/a/uv""#, "[[5]]", 0), (#""/a\nb/""#, "[[5]]", 0), ("5", "[[5]]", 0),
        ("5", "[[6]]", 0), ("{}", "[[6]]", 0), ("true", "[[6]]", 0), ("5", "[[7]]", 0), ("[1]", "[[7]]", 0),
        ("[[],1]", "[[7]]", 0),
        (#""ab""#, "[[7]]", 0), (#"[["a",1],null]"#, "[[7]]", 0), (#"["1"]"#, "[[0,0],[7]]", 1),
        // Outside before inside
        (#"["1"]"#, "[[6],[0,0]]", 1), (#"[["1",1]]"#, "[[7],[0,0,0]]", 1), (#"["1"]"#, "[[3],[0,0]]", 1),
        (#"{"a":"1"}"#, #"[[0,"a"],[42,"a","b"]]"#, 1), (#""1""#, "[[0],[1]]", 1), (#""/a/""#, "[[5],[5]]", 1),
        // Paths
        (#"{"a":"1"}"#, #"[[0,"b"]]"#, 0), (#"{"a":"1"}"#, #"[[42,"b"]]"#, 0), (#"{"a":"1"}"#, #"[[0,"a","b"]]"#, 0),
        (#"{"a":"1"}"#, #"[[0,"__proto__","x"]]"#, 0), (#"["1"]"#, "[[0,1]]", 0), (#"["1"]"#, #"[[0,"00"]]"#, 0),
        (#"["1"]"#, "[[0,-1]]", 0),
        (#""abc""#, "[[0,0]]", 0), ("null", "[[1,0]]", 0), (#"{"a":{"b":"1"},"a":{}}"#, #"[[0,"a","b"]]"#, 0),
        (#"{"a":{"b":"1"},"a":1}"#, #"[[0,"a","b"]]"#, 0), (#"{"\ud801":"1"}"#, #"[[0,"\ud800"]]"#, 0),
        // What is no annotation
        ("1", "[null]", 0), ("1", "[[1,[]]]", 0), ("1", "[[42],{}]", 1), ("1", #"["ab"]"#, 0),
    ]

    @Test("Annotations that the real reader can apply are accepted, and stay as they came", arguments: accepted)
    func accepts(_ json: String, meta: String) throws {
        let value = try Envelope(Array("{\"json\":\(json),\"meta\":\(meta)}".utf8)).value
        if value.type == .undefined || value.isUndefined {
            #expect(value.payload == .undefined)
        } else {
            #expect(value.payload.json == Array(json.utf8))
            #expect(value.payload.meta == nil || value.payload.meta == Array(meta.utf8))
        }
    }

    @Test("Annotations that the real reader cannot apply are refused, with their index", arguments: refused)
    func refuses(_ json: String, meta: String, index: Int) {
        let error = #expect(throws: MalformedBody.self, "\(json) \(meta)") {
            try Envelope(Array("{\"json\":\(json),\"meta\":\(meta)}".utf8))
        }
        guard case .annotation(let found, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(found == index)
    }

    @Test("meta must be a list", arguments: ["{}", "5", "true", "false"])
    func noList(_ meta: String) {
        #expect(throws: MalformedBody.metaIsNoList) { try Envelope(Array("{\"json\":1,\"meta\":\(meta)}".utf8)) }
    }

    @Test("What is undefined as a whole has no type but undefined")
    func undefined() throws {
        let value = try Envelope(Array(#"{"json":"whatever","meta":[[3]]}"#.utf8)).value
        #expect(value.payload == .undefined)
        let absent = try Envelope(Array(#"{"meta":[[3],[42]]}"#.utf8)).value
        #expect(absent.payload == .undefined)
        #expect(throws: MalformedBody.annotation(index: 0, .unfitValue(.date))) {
            try Envelope(Array(#"{"meta":[[1]]}"#.utf8))
        }
    }

    @Test("Errors name the annotation and what is wrong with it")
    func descriptions() {
        func message(_ body: String) -> String? {
            #expect(throws: MalformedBody.self) { try Envelope(Array(body.utf8)) }?.description
        }
        #expect(
            message(#"{"json":{"a":"x"},"meta":[[1,"a"],[0,"b"]]}"#)
                == "type annotation 1 of meta points at a value that is not there"
        )
        #expect(
            message(#"{"json":{"a":"x"},"meta":[[0,"a"]]}"#)
                == "type annotation 0 of meta points at a value that cannot become a BigInt"
        )
        #expect(message(#"{"json":1,"meta":[null]}"#) == "type annotation 0 of meta is malformed")
        #expect(message(#"{"json":1,"meta":7}"#) == "meta is not a list of type annotations")
    }

    /// Each arrangement would take hours, were the work quadratic in the size of the body.
    @Test(
        "The work is linear in the size of the body, however annotations are arranged",
        .timeLimit(.minutes(1)),
        arguments: Arrangement.all
    )
    func linear(_ arrangement: Arrangement) {
        #expect(throws: Never.self) {
            try Envelope(Array("{\"json\":\(arrangement.json),\"meta\":\(arrangement.meta)}".utf8))
        }
    }

    @Test("More annotations than anybody needs are refused", .timeLimit(.minutes(1)))
    func limit() {
        let meta = "[" + String(repeating: "5,", count: 500_000) + "5]"
        #expect(throws: MalformedBody.tooManyAnnotations(limit: 500_000)) {
            try Envelope(Array("{\"json\":1,\"meta\":\(meta)}".utf8))
        }
    }

    struct Arrangement: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let json: String
        let meta: String

        private static func list(_ count: Int, _ item: (Int) -> String) -> String {
            (0..<count).map(item).joined(separator: ",")
        }

        static let all = [
            Arrangement(
                testDescription: "every element of a long list",
                json: "[\(list(15_000) { "\"\($0)\"" })]",
                meta: "[\(list(15_000) { "[0,\($0)]" })]"
            ),
            Arrangement(
                testDescription: "every member of a large object",
                json: "{\(list(15_000) { "\"k\($0)\":\"1\"" })}",
                meta: "[\(list(15_000) { "[0,\"k\($0)\"]" })]"
            ),
            Arrangement(
                testDescription: "one value again and again",
                json: "[[\(list(15_000) { _ in "[]" })]]",
                meta: "[\(list(15_000) { _ in "[7,0]" })]"
            ),
            Arrangement(
                testDescription: "one name again and again over many paths",
                json: "{\(list(15_000) { _ in "\"a\":{}" }),\"a\":{\(list(10_000) { "\"k\($0)\":1" })}}",
                meta: "[\(list(10_000) { "[1,\"a\",\"k\($0)\"]" })]"
            ),
            Arrangement(
                testDescription: "long paths into a deep value",
                json: String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
                meta: "[\(list(200) { _ in "[42" + String(repeating: ",0", count: 899) + "]" })]"
            ),
        ]
    }
}
