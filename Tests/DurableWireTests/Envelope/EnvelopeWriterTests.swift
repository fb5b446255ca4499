import DurableCore
import DurableWire
import Testing

@Suite("Writing bodies")
struct EnvelopeWriterTests {
    private func encode(_ write: (inout EnvelopeWriter) -> Void) -> String {
        String(decoding: EnvelopeWriter.encode(write), as: UTF8.self)
    }

    private func payload(_ json: String, _ meta: String) -> Payload {
        Payload(json: Array(json.utf8), meta: Array(meta.utf8))
    }

    @Test("Dates and the annotations of payloads end up in meta, in the order of the values, at the values' places")
    func meta() {
        let body = encode { body in
            body.object { record in
                record.member("a", 1)
                record.member("input", payload(#"{"x": "1", "y":"2"}"#, #" [ [ 0 , "x" ] , [0,"y"], [42] ] "#))
                record.member("at", Timestamp(microseconds: 1_500))
                record.member("never", nil as Timestamp?)
                record.member("output", .undefined)
                record.member("whole", payload("null", "[[1]]"))
            }
        }
        #expect(
            body
                == #"{"json":{"a":1,"input":{"x": "1", "y":"2"},"at":"1970-01-01T00:00:00.001Z","whole":null},"#
                + #""meta":[[0,"input","x"],[0,"input","y"],[42,"input"],[1,"at"],[1,"whole"]]}"#
        )
    }

    @Test("Places inside lists are indexes, and undefined in a list is an annotated null")
    func lists() {
        let body = encode { body in
            body.object { arguments in
                arguments.member("tasks") { tasks in
                    tasks.array([payload(#""1""#, "[[0]]"), .undefined, payload(#"{"d":null}"#, #"[[1,"d"]]"#)]) {
                        task,
                        input in
                        task.object { $0.member("input") { $0.value(input) } }
                    }
                }
            }
        }
        #expect(
            body
                == #"{"json":{"tasks":[{"input":"1"},{"input":null},{"input":{"d":null}}]},"#
                + #""meta":[[0,"tasks",0,"input"],[3,"tasks",1,"input"],[1,"tasks",2,"input","d"]]}"#
        )
    }

    @Test("A single value needs no object, and names are escaped in both places")
    func names() {
        #expect(encode { $0.value("x") } == #"{"json":"x"}"#)
        #expect(encode { $0.value(Timestamp(microseconds: 0)) } == #"{"json":"1970-01-01T00:00:00.000Z","meta":[[1]]}"#)
        #expect(encode { $0.value(payload("[1]", "[[6]]")) } == #"{"json":[1],"meta":[[6]]}"#)
        #expect(
            encode { $0.object { $0.member("a\"\n", Timestamp(microseconds: 0)) } }
                == #"{"json":{"a\"\n":"1970-01-01T00:00:00.000Z"},"meta":[[1,"a\"\n"]]}"#
        )
    }

    @Test(
        "Items of a stored meta that say nothing are left out, and so is a meta that is none",
        arguments: ["5", "[[0", "{}", "[5,\"x\",[]]", ""]
    )
    func brokenMeta(_ meta: String) {
        let body = encode { $0.object { $0.member("a", payload("1", meta)) } }
        #expect(body == #"{"json":{"a":1}}"#)
    }

    @Test("What is taken out of a body and put into another reads the same")
    func roundTrip() throws {
        let rich = payload(
            #"{"s":["2024-01-01T00:00:00.000Z"],"m":[["1",null]],"u":[null]}"#,
            #"[[1,"s",0],[6,"s"],[0,"m",0,0],[3,"m",0,1],[7,"m"],[3,"u",0]]"#
        )
        let body = EnvelopeWriter.encode { $0.object { $0.member("output", rich) } }
        let output = try #require(Envelope(body).value.members?["output"].payload)
        #expect(output == rich)
    }
}
