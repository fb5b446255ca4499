import DurableCore
import DurableWire
import Testing

@Suite("Envelope")
struct EnvelopeTests {
    private func payload(_ body: String) throws -> Payload { try Envelope(Array(body.utf8)).value.payload }

    @Test(
        "The value's bytes stay as they came",
        arguments: [
            "1", "1.0", "1e400", "-0", "0.1000", #"{"b": 1,  "a":2, "a":3}"#, #""\u0041\/\ud800\u0000""#, "[ ]", "null",
            "9007199254740993", "\"\u{2028}žluť\"",
        ]
    )
    func bytes(_ json: String) throws {
        let value = try payload(" {\t\"json\" : \(json) } \n")
        #expect(value == Payload(json: json))
        let again = try payload(String(decoding: Envelope.encode(value), as: UTF8.self))
        #expect(again == value)
    }

    @Test(
        "Bodies without a value carry undefined",
        arguments: ["", "{}", "5", #""str""#, "true", "[]", #"{"n":1}"#, #"{"meta":[]}"#]
    )
    func undefined(_ body: String) throws {
        let value = try payload(body)
        #expect(value == .undefined)
        #expect(Envelope.encode(value) == Array("{}".utf8))
    }

    @Test("null is a value, but no body")
    func null() throws {
        let value = try payload(#"{"json":null}"#)
        #expect(value == Payload(json: "null"))
        #expect(throws: MalformedBody.null) { try payload("null") }
    }

    @Test("Of several members json the last counts, of several meta too")
    func duplicates() throws {
        let last = try payload(#"{"json":1,"meta":[[0]],"json":"2","meta":null}"#)
        #expect(last == Payload(json: #""2""#))
        let escaped = try payload(#"{"json":1,"j\u0073on":2}"#)
        #expect(escaped == Payload(json: "2"))
        // An earlier meta is not even looked at.
        let meta = try payload(#"{"json":"7","meta":5,"meta":[[0]]}"#)
        #expect(meta == Payload(json: Array(#""7""#.utf8), meta: Array("[[0]]".utf8)))
    }

    @Test("A byte order mark before the body is passed over, elsewhere it is an error")
    func byteOrderMark() throws {
        let value = try payload("\u{FEFF}{\"json\":1}")
        #expect(value == Payload(json: "1"))
        #expect(throws: MalformedBody.self) { try payload("{\"json\":\u{FEFF}1}") }
        #expect(throws: MalformedBody.self) { try payload("\u{FEFF}\u{FEFF}{}") }
    }

    @Test("A body is exact when it has no members but json and meta")
    func exactness() throws {
        for body in ["{}", #"{"json":1}"#, #"{"meta":[]}"#, #"{"meta":[[0]],"json":"1"}"#] {
            let envelope = try Envelope(Array(body.utf8))
            #expect(envelope.isExact, "\(body)")
        }
        for body in ["", "5", "[]", #"{"ok":true}"#, #"{"json":1,"ok":true}"#] {
            let envelope = try Envelope(Array(body.utf8))
            #expect(!envelope.isExact, "\(body)")
        }
    }

    @Test(
        "A body of whitespace, cut off, or with something after it is malformed",
        arguments: [" ", "{", #"{"json":1"#, "{}{}"]
    )
    func malformed(_ body: String) {
        #expect(throws: MalformedBody.self) { try payload(body) }
    }

    @Test("Nothing of a body is told in an error")
    func discretion() {
        let bodies = [
            #"{"json":{"hunter2":"hunter2"},"meta":[[0,"hunter2"]]}"#, #"{"json":1,"meta":[[0,"hunter2"]]}"#, "hunter2",
        ]
        for body in bodies {
            let error = #expect(throws: MalformedBody.self) { try payload(body) }
            #expect(error?.description.contains("hunter2") == false)
        }
    }
}
