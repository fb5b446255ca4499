import DurableCore
import DurableWire
import Testing

@Suite("JSON grammar")
struct JSONSyntaxTests {
    static let valid = [
        "null", "true", "false", "0", "-0", "10", "-1.5", "1e5", "1E+5", "1e-5", "0.1e1", "1e400", "-1e-400",
        "123456789012345678901234567890.123456789012345678901234567890",
        #""""#, #""a""#, #""žluťoučký 🐴""#, #""\"\\\/\b\f\n\r\t""#, #""\u0000\u001F\uABCD\uabcd""#,
        #""\ud83d\udc34""#, #""\ud800""#, #""\udc00\ud800""#, "\"\u{7F}\"", "\"\u{2028}\u{FFFF}\u{10FFFF}\"",
        "[]", "[ ]", "{}", "{ }", "[1]", "[1,2]", "[[],{}]", #"{"a":1}"#, #"{"a":1,"a":2}"#, #"{"":{"":[]}}"#,
        " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n", #" { "a" : 1 , "b" : 2 } "#,
        #"{"json":{"a":[1,"x",null,true,false,1.5e3,{"b":{}}]},"meta":[[1,"a",0]]}"#,
    ]

    static let invalid: [(text: String, offset: Int)] = [
        ("", 0), (" ", 1), ("nul", 3), ("nulL", 3), ("truth", 3), ("False", 0), ("nullx", 4), ("NaN", 0),
        ("undefined", 0),
        ("+1", 0), ("01", 1), ("-", 1), ("-a", 1), (".5", 0), ("1.", 2), ("1.e5", 2), ("1e", 2), ("1e+", 3),
        ("0x10", 1),
        ("1_000", 1), ("--1", 1), ("1 2", 2), ("Infinity", 0), ("-Infinity", 1),
        (#"""#, 1), (#""abc"#, 4), (#""\"#, 2), (#""\""#, 3), (#""\x""#, 1), (#""\u12""#, 1), (#""\u123"#, 6),
        (#""\u12G4""#, 1), (#""\U1234""#, 1), ("\"a\nb\"", 2), ("\"\u{0}\"", 1), ("\"0123456\u{1F}\"", 8), ("'a'", 0),
        ("[", 1), ("]", 0), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[,1]", 1), ("[1 2]", 3), ("[1}", 2), ("[1]]", 3),
        ("{", 1), ("}", 0), ("{a:1}", 1), ("{1:1}", 1), (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1"#, 6),
        (#"{"a":1,}"#, 7),
        (#"{"a":1,,"b":2}"#, 7), (#"{"a":1]"#, 6), (#"{"a" 1}"#, 5), (#"{"a":1 "b":2}"#, 7), (#"{,"a":1}"#, 1),
        (#"{"a":1}x"#, 7), ("[1]//", 3), ("/**/1", 0), ("\u{A0}1", 0), ("1\u{B}", 1), ("\u{FEFF}1", 0),
    ]

    @Test("What JSON.parse accepts is accepted", arguments: valid)
    func accepts(_ text: String) throws {
        #expect(throws: Never.self) { try JSON(parsing: Array(text.utf8)) }
        // In the place of a payload, and at every distance from the words of eight bytes that the scanner reads.
        for padding in 0..<9 {
            let body = #"{"json":"# + String(repeating: " ", count: padding) + text + "}"
            let value = try Envelope(Array(body.utf8)).value
            #expect(value.payload.json.map { String(decoding: $0, as: UTF8.self) } == trimmed(text))
        }
    }

    @Test("What JSON.parse rejects is rejected, with the place of the error", arguments: invalid)
    func rejects(_ text: String, offset: Int) {
        let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(text.utf8)) }
        #expect(error?.offset == offset, "\(text)")
        #expect(throws: MalformedBody.self) { try Envelope(Array((#"{"json":"# + text + "}").utf8)) }
    }

    static let brokenUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xE1, 0x80],
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xEF, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF], [0xE2, 0x28, 0xA1],
        [0xF0, 0x90, 0x28, 0xBC],
    ]

    @Test("Bytes that are not UTF-8 are rejected where they begin", arguments: brokenUTF8)
    func rejectsBrokenUTF8(_ bytes: [UInt8]) {
        for padding in 0..<9 {
            let text =
                [UInt8(ascii: "\"")] + Array(repeating: UInt8(ascii: "a"), count: padding) + bytes + Array("\"".utf8)
            let error = #expect(throws: JSONSyntaxError.self) { try JSON(parsing: text) }
            #expect(error == JSONSyntaxError(.invalidUTF8, at: 1 + padding))
        }
    }

    @Test("What is kept may be nested 1,000 levels deep, and no deeper", arguments: ["[", #"{"a":"#])
    func depth(_ opening: String) throws {
        func body(_ levels: Int) -> [UInt8] {
            let closing = opening == "[" ? "]" : "}"
            // One level is the envelope's own.
            let value =
                String(repeating: opening, count: levels - 1) + "1" + String(repeating: closing, count: levels - 1)
            return Array("{\"json\":\(value)}".utf8)
        }
        let deepest = try RPCRequest(target: "/rpc/echo", body: body(1000)).input().payload
        #expect(Envelope.encode(deepest) == body(1000))
        #expect(
            ResponseClassification.classify(ProcedureResponse(status: 200, body: body(1000))) == .completed(deepest)
        )
        // It comes back inside of a record.
        let record = EnvelopeWriter.encode { $0.object { $0.member("output", deepest) } }
        #expect(throws: Never.self) { try Envelope(record) }

        #expect(throws: RPCError.malformedRequest) { try RPCRequest(target: "/rpc/echo", body: body(1001)).input() }
        guard case .failed = ResponseClassification.classify(ProcedureResponse(status: 200, body: body(1001))) else {
            Issue.record("a deeper output was kept")
            return
        }
        let error = #expect(throws: MalformedBody.self) {
            try Envelope(body(1001), maximumDepth: Envelope.keptDepth)
        }
        #expect(error?.description.hasPrefix("JSON nested deeper than 1000 levels at byte ") == true)
        #expect(throws: MalformedBody.self) { try Envelope(body(500_000)) }
    }

    @Test("Errors say what was expected, and nothing of the text")
    func descriptions() {
        func message(_ text: String) -> String? {
            #expect(throws: JSONSyntaxError.self) { try JSON(parsing: Array(text.utf8)) }?.description
        }
        #expect(message(#"{"secret" "#) == "JSON ends at byte 10 where ':' was expected")
        #expect(message(#"{"secret" 1}"#) == "':' was expected at byte 10 of the JSON")
        #expect(message(#"["secret" 1]"#) == "',' or ']' was expected at byte 10 of the JSON")
        #expect(message(#""\q""#) == "invalid escape in a string at byte 1 of the JSON")
        #expect(message("\"\t\"") == "unescaped control character in a string at byte 1 of the JSON")
        #expect(message("1 1") == "text after the end of the JSON at byte 2")
    }

    private func trimmed(_ text: String) -> String {
        let isSpace = { (byte: UInt8) in [0x20, 0x09, 0x0A, 0x0D].contains(byte) }
        let bytes = Array(text.utf8).drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        return String(decoding: Array(bytes), as: UTF8.self)
    }
}
