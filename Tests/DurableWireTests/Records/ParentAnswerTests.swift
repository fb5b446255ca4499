import DurableCore
import DurableWire
import Testing

@Suite("Answers of parents' procedures")
struct ParentAnswerTests {
    private func classify(_ body: String) -> Outcome {
        ResponseClassification.classify(ProcedureResponse(status: 200, body: Array(body.utf8)), ofParent: true)
    }

    private func failure(_ body: String) -> String? {
        guard case .failed(let error, _) = classify(body) else { return nil }
        #expect(error.kind == .generic && !error.isRetryable && !error.isInternal)
        return error.message
    }

    @Test("Output and children are taken apart, with the children's options")
    func children() {
        let body =
            #"{"json":{"output":{"n": 1.0},"children":[{"taskId":"a","input":[1, 2],"#
            + #""options":{"timeoutMs":5,"priority":-3,"retryOptions":{"maxAttempts":2}}},{"taskId":"b"}]}}"#
        let options = EnqueueOptions(retryOptions: RetryOptions(maxAttempts: 2), timeoutMs: 5, priority: -3)
        #expect(
            classify(body)
                == .spawned(
                    Payload(json: #"{"n": 1.0}"#),
                    children: [
                        ChildRequest(taskID: "a", input: Payload(json: "[1, 2]"), options: options),
                        ChildRequest(taskID: "b", input: .undefined),
                    ]
                )
        )
    }

    @Test("Dates, big integers and sets keep their types in the output and in each child's input")
    func richTypes() {
        let body =
            #"{"json":{"output":"1","children":[{"taskId":"a","input":{"when":"2026-01-01T00:00:00.000Z"}},"#
            + #"{"taskId":"b","input":["1"]}]},"#
            + #""meta":[[0,"output"],[1,"children",0,"input","when"],[0,"children",1,"input",0],[6,"children",1,"input"]]}"#
        #expect(
            classify(body)
                == .spawned(
                    Payload(json: Array(#""1""#.utf8), meta: Array("[[0]]".utf8)),
                    children: [
                        ChildRequest(
                            taskID: "a",
                            input: Payload(
                                json: Array(#"{"when":"2026-01-01T00:00:00.000Z"}"#.utf8),
                                meta: Array(#"[[1,"when"]]"#.utf8)
                            )
                        ),
                        ChildRequest(
                            taskID: "b",
                            input: Payload(json: Array(#"["1"]"#.utf8), meta: Array("[[0,0],[6]]".utf8))
                        ),
                    ]
                )
        )
    }

    @Test(
        "No children are fine, however it is said",
        arguments: [
            #"{"json":{"output":1}}"#, #"{"json":{"output":1,"children":[]}}"#,
            #"{"json":{"output":1,"children":null}}"#,
            #"{"json":{"output":1,"children":5},"meta":[[3,"children"]]}"#,
        ]
    )
    func noChildren(_ body: String) {
        #expect(classify(body) == .spawned(Payload(json: "1"), children: []))
        #expect(classify(#"{"json":{}}"#) == .spawned(.undefined, children: []))
    }

    @Test(
        "Anything else fails for good, and says what was expected and what came",
        arguments: [
            (#"{}"#, "got nothing"), (#"{"json":null}"#, "got null"), (#"{"json":5}"#, "got a number"),
            (#"{"json":"x"}"#, "got a text"), (#"{"json":[]}"#, "got an array"),
            (#"{"json":{"n":1}}"#, "got an object with \"n\""),
            (#"{"json":{"output":1,"childrens":[]}}"#, "got an object with \"childrens\""),
            (#"{"json":{"output":1,"children":{}}}"#, "got children that are an object"),
            (#"{"json":{"output":1,"children":["a"]},"meta":[[6,"children"]]}"#, "got children that are a value of"),
        ]
    )
    func refused(body: String, found: String) throws {
        let message = try #require(failure(body))
        #expect(
            message.hasPrefix(
                "The procedure of a parent must answer {output, children: [{taskId, input?, options?}]}, \(found)"
            )
        )
    }

    @Test(
        "A bad child fails the parent, and is named",
        arguments: [
            (#"5"#, "Child task refused [index=1]: expected {taskId, input?, options?}, got a number"),
            (#"{"input":1}"#, "Child task refused [index=1]: taskId must be a text, got nothing"),
            (#"{"taskId":1}"#, "Child task refused [index=1]: taskId must be a text, got a number"),
            (
                #"{"taskId":"a b\u0000"}"#,
                "Child task refused [index=1]: Task id can only contain alphanumeric characters and underscores"
            ),
            (
                #"{"taskId":"a","option":{}}"#,
                "Child task refused [index=1]: expected {taskId, input?, options?}, got an object with \"option\""
            ),
            (
                #"{"taskId":"a","options":{"timeoutMs":0}}"#,
                "Child task refused [taskId=a] [index=1]: Invalid timeout value for task a: "
                    + "expected an integer from 1 to 9007199254740991, got 0"
            ),
        ]
    )
    func badChild(child: String, expected: String) {
        #expect(failure(#"{"json":{"output":1,"children":[{"taskId":"ok"},\#(child)]}}"#) == expected)
    }

    @Test("Its output is limited like any other, its children are not part of it")
    func size() {
        let megabyte = String(repeating: "x", count: 1 << 20)
        #expect(
            failure(#"{"json":{"output":"\#(megabyte)"}}"#)
                == "The procedure's output is 1048578 bytes of JSON; at most 1048576 are kept"
        )
        let children = (0..<4).map { _ in #"{"taskId":"a","input":"\#(megabyte.dropLast(2))"}"# }.joined(separator: ",")
        guard case .spawned(_, let spawned) = classify(#"{"json":{"children":[\#(children)]}}"#) else {
            Issue.record("expected children")
            return
        }
        #expect(spawned.count == 4)
    }

    @Test("What is no oRPC answer, and errors, mean the same as for other tasks")
    func others() {
        let foreign = classify(#"{"ok":true}"#)
        #expect(
            foreign
                == .failed(
                    ExecutionError(
                        message: "The procedure answered 200 with JSON that is not an oRPC body",
                        isRetryable: true,
                        isInternal: true
                    )
                )
        )
        let missing = ResponseClassification.classify(ProcedureResponse(status: 404), ofParent: true)
        #expect(missing == .failed(.notFound("Not Found")))
    }
}
