import DurableCore
import DurableWire
import Testing

@Suite("Parts of a body")
struct WireValueTests {
    private func value(_ body: String) throws -> WireValue { try Envelope(Array(body.utf8)).value }

    private func payload(_ json: String, _ meta: String? = nil) -> Payload {
        Payload(json: Array(json.utf8), meta: meta.map { Array($0.utf8) })
    }

    @Test("A member is cut out as it came, with the annotations that belong to it")
    func member() throws {
        let arguments = try #require(
            value(
                #"{"json":{"taskId":"t","input":{"when": "2024-01-01T00:00:00.000Z","big":["1"]},"options":{"x":"1"}},"#
                    + #""meta":[[1,"input","when"],[0,"input","big",0],[6,"input","big"],[0,"options","x"],[42,"input"],[42]]}"#
            ).members
        )
        #expect(
            arguments["input"].payload
                == payload(
                    #"{"when": "2024-01-01T00:00:00.000Z","big":["1"]}"#,
                    #"[[1,"when"],[0,"big",0],[6,"big"],[42]]"#
                )
        )
        #expect(arguments["options"].payload == payload(#"{"x":"1"}"#, #"[[0,"x"]]"#))
        #expect(arguments["taskId"].payload == payload(#""t""#))
        let taskID = try arguments["taskId"].json()
        #expect(taskID == .string("t"))
    }

    @Test("A member that is absent or made undefined is undefined, which is not null")
    func undefined() throws {
        let arguments = try #require(value(#"{"json":{"a":null,"b":"x"},"meta":[[3,"b"]]}"#).members)
        #expect(arguments["input"].payload == .undefined)
        #expect(arguments["b"].payload == .undefined)
        #expect(arguments["a"].payload == Payload(json: "null"))
    }

    @Test("A member may be annotated as a whole")
    func root() throws {
        let arguments = try #require(
            value(#"{"json":{"input":"2024-01-01T00:00:00.000Z"},"meta":[[1,"input"]]}"#).members
        )
        #expect(arguments["input"].type == .date)
        #expect(arguments["input"].payload == payload(#""2024-01-01T00:00:00.000Z""#, "[[1]]"))
    }

    @Test("Members of elements keep their annotations")
    func elements() throws {
        let arguments = try #require(
            value(
                #"{"json":{"tasks":[{"taskId":"a","input":"1"},{"taskId":"b","input":{"d":null}},{"taskId":"c"}]},"#
                    + #""meta":[[0,"tasks",0,"input"],[1,"tasks","1","input","d"]]}"#
            ).members
        )
        let tasks = try #require(arguments["tasks"].elements)
        #expect(tasks.count == 3)
        let inputs = tasks.map { $0.members?["input"].payload }
        #expect(inputs == [payload(#""1""#, "[[0]]"), payload(#"{"d":null}"#, #"[[1,"d"]]"#), .undefined])
    }

    @Test("The last of several members with one name counts, names are compared unescaped")
    func names() throws {
        let arguments = try #require(value(#"{"json":{"a":1,"\u0061":2,"ž":3}}"#).members)
        #expect(arguments["a"].payload == Payload(json: "2"))
        #expect(arguments["ž"].payload == Payload(json: "3"))
    }

    @Test("What is no object has no members, what is no array no elements")
    func scalars() throws {
        for json in ["1", "null", #""x""#, "[]"] {
            let value = try value("{\"json\":\(json)}")
            #expect(value.members == nil)
        }
        for json in ["1", "null", #""x""#, "{}"] {
            let value = try value("{\"json\":\(json)}")
            #expect(value.elements == nil)
        }
        // A Set has no elements that could be indexed, a Map no members.
        let set = try value(#"{"json":[1],"meta":[[6]]}"#)
        #expect(set.elements == nil)
        #expect(WireValue.undefined.members == nil)
    }

    @Test("Read as JSON, what is made undefined is left out, and NaN is a number that is none")
    func json() throws {
        let read = try value(
            #"{"json":{"a":1,"b":"2","c":[null,1],"d":null,"e":"5"},"meta":[[3,"a"],[3,"c",0],[2,"d"],[0,"e"]]}"#
        ).json()
        #expect(read?["a"] == nil)
        #expect(read?["b"] == .string("2"))
        #expect(read?["c"] == .array([.null, .number(1)]))
        #expect(read?["d"]?.double?.isNaN == true)
        #expect(read?["e"] == .string("5"))
        let undefined = try WireValue.undefined.json()
        #expect(undefined == nil)
    }

    @Test("A payload in an input may be nested deeper than what the service reads itself")
    func depth() throws {
        let deep = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
        let arguments = try #require(value("{\"json\":{\"input\":\(deep)}}").members)
        #expect(arguments["input"].payload == Payload(json: deep))
        let error = #expect(throws: MalformedBody.self) { try arguments["input"].json() }
        #expect(error?.description.hasPrefix("JSON nested deeper than 64 levels") == true)
    }
}
