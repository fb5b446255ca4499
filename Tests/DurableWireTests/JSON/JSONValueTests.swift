import DurableWire
import Testing

@Suite("JSON values")
struct JSONValueTests {
    private func parse(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

    @Test(
        "What is read is written again as JSON.stringify would",
        arguments: [
            #"{"b":1,"a":[null,true,false,"x"],"n":{"":-0}}"#, "123456789012345678901234567890", "1e400",
            #""\"\\/\b\f\n\r\t\u0000\u001f žluť 🐴""#, "[]", "{}",
        ]
    )
    func roundTrip(_ text: String) throws {
        let json = try parse(text)
        #expect(String(decoding: json.encode(), as: UTF8.self) == text)
    }

    @Test("Escapes are read, and surrogates without a partner become one U+FFFD each")
    func strings() throws {
        let json = try parse(
            #"["\u00e9\/\u0041","\ud83d\udc34","a\ud800b","\udc34\ud83d","\ud83d\ud83d\udc34","\ud83dx"]"#
        )
        let expected = ["é/A", "🐴", "a\u{FFFD}b", "\u{FFFD}\u{FFFD}", "\u{FFFD}🐴", "\u{FFFD}x"]
        #expect(json == .array(expected.map { .string($0) }))
    }

    @Test("Of members with one name the last counts, and names are compared by their characters' codes")
    func members() throws {
        let json = try parse(#"{"a":1,"a":2,"Key":3,"\u0062":4}"#)
        #expect(json["a"]?.integer == 2)
        #expect(json["b"]?.integer == 4)
        // The Kelvin sign is canonically equivalent to K.
        #expect(json["Key"] != nil)
        let kelvin = try parse("{\"\u{212A}ey\":3}")
        #expect(kelvin["Key"] == nil)
        #expect(JSON.null["a"] == nil)
    }

    @Test("Integers are those that JavaScript keeps exact")
    func integers() throws {
        for (text, integer) in [
            ("1", 1), ("-0", 0), ("1.0", 1), ("1e3", 1000), ("9007199254740991", 9_007_199_254_740_991),
            ("-9007199254740991", -9_007_199_254_740_991),
        ] {
            let json = try parse(text)
            #expect(json.integer == integer)
        }
        for text in ["1.5", "9007199254740992", "1e400", "-1e400", #""1""#, "null", "true"] {
            let json = try parse(text)
            #expect(json.integer == nil, "\(text)")
        }
        let infinite = try parse("1e400")
        #expect(infinite.double == .infinity)
    }

    @Test(
        "Numbers are written as JavaScript writes them",
        arguments: [
            (0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (100, "100"), (0.05, "0.05"), (123.456, "123.456"),
            (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.5e22, "1.5e+22"), (1e-6, "0.000001"), (1e-7, "1e-7"),
            (1.25e-9, "1.25e-9"), (9_007_199_254_740_991, "9007199254740991"), (.leastNonzeroMagnitude, "5e-324"),
            (1.7976931348623157e308, "1.7976931348623157e+308"), (0.1 + 0.2, "0.30000000000000004"),
            (123_456_789_012_345_683_968, "123456789012345680000"), (.infinity, "null"), (.nan, "null"),
        ] as [(Double, String)]
    )
    func numbers(_ number: Double, text: String) {
        #expect(String(decoding: JSON.number(number).encode(), as: UTF8.self) == text)
    }

    @Test("Values for the service itself may be nested 64 levels deep")
    func depth() throws {
        let deepest = try parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64))
        #expect(deepest.encode().count == 128)
        let error = #expect(throws: JSONSyntaxError.self) {
            try parse(String(repeating: "[", count: 65) + String(repeating: "]", count: 65))
        }
        #expect(error == JSONSyntaxError(.tooDeep(limit: 64), at: 64))
    }
}
