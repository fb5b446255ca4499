import DurableCoding
import DurableCore
import Foundation
import Testing

@Suite("Swift values as payloads")
struct PayloadCodingTests {
    private let date = Date(timeIntervalSince1970: 1_709_210_096.789)

    private func payload(_ json: String?, meta: String? = nil) -> Payload {
        Payload(json: json.map { Array($0.utf8) }, meta: meta.map { Array($0.utf8) })
    }

    private func text(_ payload: Payload) -> String {
        let json = payload.json.map { String(decoding: $0, as: UTF8.self) } ?? "undefined"
        let meta = payload.meta.map { " meta " + String(decoding: $0, as: UTF8.self) } ?? ""
        return json + meta
    }

    private func encoded(_ value: some Encodable) throws -> String {
        text(try PayloadEncoder().encode(value))
    }

    private func decoded<Value: Decodable>(_ type: Value.Type, _ json: String?, meta: String? = nil) throws -> Value {
        try PayloadDecoder().decode(type, from: payload(json, meta: meta))
    }

    // MARK: Round trips

    struct Order: Codable, Equatable {
        struct Line: Codable, Equatable {
            var article: String
            var price: Decimal
            var shippedAt: Date?
        }
        enum Channel: String, Codable { case web, shop }

        var id: Int64
        var channel: Channel
        var placedAt: Date
        var lines: [Line]
        var dueDates: [String: [Date]]
        var image: Data
        var page: URL?
        var note: String?
    }

    @Test("A value comes back as it went in, dates, big integers and absent members included")
    func roundTrip() throws {
        let order = Order(
            id: .max,
            channel: .shop,
            placedAt: date,
            lines: [
                .init(article: "tea \"green\" \u{1F375}\u{0}\n", price: 1.25, shippedAt: nil),
                .init(article: "", price: 3, shippedAt: date),
            ],
            dueDates: ["b": [date, date], "a": []],
            image: Data([0, 1, 255]),
            page: URL(string: "https://example.com/tea?x=1"),
            note: nil
        )
        let payload = try PayloadEncoder().encode(order)
        let back = try PayloadDecoder().decode(Order.self, from: payload)
        #expect(back == order)
    }

    @Test("Equal values make equal payloads, whatever the order of their dictionaries")
    func deterministic() throws {
        let keys = (0..<50).map(String.init)
        let one = Dictionary(uniqueKeysWithValues: keys.map { ($0, $0) })
        let other = Dictionary(uniqueKeysWithValues: keys.reversed().map { ($0, $0) })
        let first = try PayloadEncoder().encode(one)
        let second = try PayloadEncoder().encode(other)
        #expect(first == second)
    }

    // MARK: Encoding

    @Test("Dates are annotated at their paths, in nested arrays and dictionaries too")
    func datePaths() throws {
        struct Value: Encodable {
            enum Key: Int, CodingKey { case when = 7 }
            var when: Date
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: Key.self)
                try container.encode(when, forKey: .when)
            }
        }
        let iso = "\"2024-02-29T12:34:56.789Z\""
        let root = try encoded(date)
        #expect(root == "\(iso) meta [[1]]")
        let nested = try encoded(["b": [[nil, date]], "a": [[date]]])
        #expect(nested == #"{"a":[[\#(iso)]],"b":[[null,\#(iso)]]} meta [[1,"a",0,0],[1,"b",0,1]]"#)
        let keyed = try encoded([Value(when: date)])
        #expect(keyed == #"[{"when":\#(iso)}] meta [[1,0,"when"]]"#)
    }

    @Test("A date that JavaScript cannot hold becomes an invalid Date")
    func dateOutOfRange() throws {
        let encoded = try encoded(Date.distantFuture.addingTimeInterval(1e15))
        #expect(encoded == "null meta [[1]]")
    }

    @Test("Integers that JavaScript would round become bigints; others stay numbers")
    func bigIntegers() throws {
        let exact = try encoded([9_007_199_254_740_991, -9_007_199_254_740_991] as [Int])
        #expect(exact == "[9007199254740991,-9007199254740991]")
        let big = try encoded([9_007_199_254_740_992, .min] as [Int64])
        #expect(big == #"["9007199254740992","-9223372036854775808"] meta [[0,0],[0,1]]"#)
        let unsigned = try encoded(UInt64.max)
        #expect(unsigned == #""18446744073709551615" meta [[0]]"#)
    }

    @Test("Doubles are written as JavaScript would; NaN is annotated; infinity is refused")
    func doubles() throws {
        let numbers = try encoded([1.0, 0.1, 1e21, -2.5e-7])
        #expect(numbers == "[1,0.1,1e+21,-2.5e-7]")
        let float = try encoded(Float(0.1))
        #expect(float == "0.1")
        let nan = try encoded(["x": Double.nan])
        #expect(nan == #"{"x":null} meta [[2,"x"]]"#)
        #expect(throws: EncodingError.self) { try PayloadEncoder().encode([Double.infinity]) }
    }

    @Test("Nothing at the top is null, not an error; a type without members is an empty object")
    func emptiness() throws {
        struct Nothing: Encodable {}
        let null = try encoded(Int?.none)
        #expect(null == "null")
        let object = try encoded(Nothing())
        #expect(object == "{}")
    }

    class Base: Codable {
        var a = 1
    }
    final class Derived: Base {
        var b = 2
        enum CodingKeys: CodingKey { case b }
        override init() { super.init() }
        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            b = try container.decode(Int.self, forKey: .b)
            try super.init(from: container.superDecoder())
        }
        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(b, forKey: .b)
            try super.encode(to: container.superEncoder())
        }
    }

    @Test("Classes with a superclass have its members under super")
    func superclass() throws {
        let value = Derived()
        value.a = 10
        value.b = 20
        let payload = try PayloadEncoder().encode(value)
        #expect(text(payload) == #"{"b":20,"super":{"a":10}}"#)
        let back = try PayloadDecoder().decode(Derived.self, from: payload)
        #expect(back.a == 10)
        #expect(back.b == 20)
    }

    // MARK: Decoding what the other side wrote

    @Test("No value decodes as nil where an optional is asked for, and is refused elsewhere")
    func undefined() throws {
        let nothing = try decoded(Int?.self, nil)
        #expect(nothing == nil)
        #expect(throws: DecodingError.self) { try decoded(Int.self, nil) }
        let elements = try decoded([Int?].self, "[null,1]", meta: "[[3,0]]")
        #expect(elements == [nil, 1])
    }

    @Test("A bigint decodes into any integer that it fits into, wherever it stands")
    func bigints() throws {
        let root = try decoded(UInt64.self, #""18446744073709551615""#, meta: "[[0]]")
        #expect(root == .max)
        let nested = try decoded([String: [Int]].self, #"{"a":["1","-2"]}"#, meta: #"[[0,"a",0],[0,"a","1"]]"#)
        #expect(nested == ["a": [1, -2]])
        #expect(throws: DecodingError.self) { try decoded(Int8.self, #""128""#, meta: "[[0]]") }
        #expect(throws: DecodingError.self) { try decoded(Int.self, #""1""#) }
    }

    @Test("NaN comes back as NaN")
    func nan() throws {
        let value = try decoded([Double].self, "[null,1]", meta: "[[2,0]]")
        #expect(value[0].isNaN)
        #expect(value[1] == 1)
    }

    @Test("Sets read as arrays, maps as arrays of pairs, URLs as URLs")
    func collections() throws {
        struct Pair: Decodable, Equatable {
            var key: String
            var value: Date
            init(from decoder: any Decoder) throws {
                var pair = try decoder.unkeyedContainer()
                key = try pair.decode(String.self)
                value = try pair.decode(Date.self)
            }
        }
        let set = try decoded(Set<Int>.self, "[1,2]", meta: "[[6]]")
        #expect(set == [1, 2])
        let map = try decoded(
            [Pair].self,
            #"[["k","2024-02-29T12:34:56.789Z"]]"#,
            meta: "[[1,0,1],[7]]"
        )
        #expect(map.map(\.key) == ["k"])
        #expect(map.map(\.value) == [date])
        let url = try decoded(URL.self, #""https://a.b/""#, meta: "[[4]]")
        #expect(url.absoluteString == "https://a.b/")
    }

    @Test("A date without an annotation, or without milliseconds, is a date all the same")
    func plainDates() throws {
        let exact = try decoded(Date.self, #""2024-02-29T12:34:56.789Z""#)
        #expect(exact == date)
        let second = try decoded(Date.self, #""2024-02-29T12:34:56Z""#)
        #expect(second == Date(timeIntervalSince1970: 1_709_210_096))
        #expect(throws: DecodingError.self) { try decoded(Date.self, #""yesterday""#) }
        let invalid = try decoded(Date?.self, "null", meta: "[[1]]")
        #expect(invalid == nil)
    }

    @Test("Numbers are integers when their value is one", arguments: ["1000", "1e3", "1000.0"])
    func integers(_ text: String) throws {
        let value = try decoded(Int.self, text)
        #expect(value == 1000)
    }

    @Test(
        "Numbers that do not fit are refused, not rounded or trapped on",
        arguments: ["1.5", "-1", "256", "1e400", "99999999999999999999999999"]
    )
    func misfits(_ text: String) {
        #expect(throws: DecodingError.self) { try decoded(UInt8.self, text) }
    }

    @Test("An error says where in the value it is, and never quotes it")
    func errors() throws {
        let error = #expect(throws: DecodingError.self) { try decoded([String: [Int]].self, #"{"a":[1,"secret"]}"#) }
        guard case .typeMismatch(_, let context)? = error else {
            Issue.record("unexpected \(String(describing: error))")
            return
        }
        #expect(context.codingPath.map(\.stringValue) == ["a", "Index 1"])
        #expect(context.debugDescription == "Expected an integer, found a string")
    }

    @Test("Deep nesting is refused rather than a crash")
    func depth() {
        indirect enum Tower: Decodable {
            case floor(Tower?)
            init(from decoder: any Decoder) throws {
                var container = try decoder.unkeyedContainer()
                self = .floor(try container.decodeIfPresent(Tower.self))
            }
        }
        let fine = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(throws: Never.self) { try decoded(Tower.self, fine) }
        let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        #expect(throws: DecodingError.self) { try decoded(Tower.self, deep) }
    }
}
