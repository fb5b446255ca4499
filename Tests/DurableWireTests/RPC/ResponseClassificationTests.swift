import DurableCore
import DurableWire
import Testing

@Suite("Answers of procedures")
struct ResponseClassificationTests {
    private func classify(_ status: Int, _ contentType: String?, _ body: String) -> Outcome {
        ResponseClassification.classify(
            ProcedureResponse(status: status, contentType: contentType, body: Array(body.utf8))
        )
    }

    private func unusable(_ message: String) -> Outcome {
        .failed(ExecutionError(message: message, isRetryable: true, isInternal: true))
    }

    @Test("A 2xx with an oRPC body completes the attempt with the output as it came", arguments: [200, 201, 299])
    func completed(_ status: Int) {
        #expect(
            classify(status, "application/json", #"{"json":{"n": 1.0}}"#) == .completed(Payload(json: #"{"n": 1.0}"#))
        )
        #expect(classify(status, nil, #"{"json":null}"#) == .completed(Payload(json: "null")))
        #expect(classify(status, "Application/JSON; charset=utf-8", #"{"json":1}"#) == .completed(Payload(json: "1")))
        #expect(classify(status, "application/json", "{}") == .completed(.undefined))
        #expect(classify(status, "application/json", #"{"json":1,"meta":null}"#) == .completed(Payload(json: "1")))
        #expect(
            classify(status, "application/json", #"{"json":"1","meta":[[0]]}"#)
                == .completed(Payload(json: Array(#""1""#.utf8), meta: Array("[[0]]".utf8)))
        )
    }

    @Test("Any other 2xx is no success, and says what came instead")
    func unusable() {
        #expect(
            classify(200, "text/html; charset=utf-8", "<h1>")
                == unusable("The procedure answered 200 with text/html; charset=utf-8 instead of an oRPC body")
        )
        #expect(
            classify(204, nil, "") == unusable("The procedure answered 204 with an empty body instead of an oRPC body")
        )
        #expect(
            classify(200, "application/json", #"{"ok":true}"#)
                == unusable("The procedure answered 200 with JSON that is not an oRPC body")
        )
        #expect(
            classify(200, "application/json", #"{"json":1,"ok":true}"#)
                == unusable("The procedure answered 200 with JSON that is not an oRPC body")
        )
        #expect(
            classify(200, "application/json", "[]")
                == unusable("The procedure answered 200 with JSON that is not an oRPC body")
        )
        #expect(
            classify(200, nil, "hello")
                == unusable(
                    "The procedure answered 200 with a body that cannot be read: a value was expected at byte 0 of the JSON"
                )
        )
        #expect(
            classify(200, nil, #"{"json":1,"meta":[[0,"a"]]}"#)
                == unusable(
                    "The procedure answered 200 with a body that cannot be read: "
                        + "type annotation 0 of meta points at a value that is not there"
                )
        )
        #expect(
            classify(200, "x/\u{1}\u{0}ž" + String(repeating: "y", count: 200), "")
                == unusable(
                    "The procedure answered 200 with x/???" + String(repeating: "y", count: 95)
                        + " instead of an oRPC body"
                )
        )
    }

    @Test("A redirect is not followed and is no success", arguments: [101, 199, 300, 302, 304, 399])
    func redirects(_ status: Int) {
        #expect(
            classify(status, "application/json", #"{"json":1}"#)
                == unusable("The procedure answered \(status), which is neither success nor failure")
        )
    }

    @Test(
        "By status a failure is not found, retryable or internal",
        arguments: [
            (400, false, false), (401, false, false), (403, false, false), (405, false, false), (408, true, false),
            (409, false, false), (410, false, false), (418, false, false), (422, false, false), (425, false, false),
            (429, true, false), (499, false, false), (500, true, true), (501, false, true), (502, true, true),
            (503, true, true), (504, true, true), (505, false, true), (507, false, true), (520, false, true),
            (599, false, true),
        ]
    )
    func statuses(_ status: Int, isRetryable: Bool, isInternal: Bool) {
        let standard = RPCErrorCode(status: status).message
        for body in ["", "<h1>", #"{"json":"#, "null", #"{"error":"boom"}"#, #"{"json":{"message":"lost"}}"#] {
            let expected = ExecutionError(message: standard, isRetryable: isRetryable, isInternal: isInternal)
            #expect(classify(status, nil, body) == .failed(expected), "\(body)")
        }
        // The error's own status decides, not the HTTP status.
        for httpStatus in [status, 400, 500] {
            let body = #"{"json":{"defined":false,"code":"ANY","status":\#(status),"message":"own words"}}"#
            let expected = ExecutionError(message: "own words", isRetryable: isRetryable, isInternal: isInternal)
            #expect(classify(httpStatus, "application/json", body) == .failed(expected))
        }
    }

    @Test("A 404 is not_found, whatever its body and its code")
    func notFound() {
        #expect(classify(404, nil, "Not found") == .failed(.notFound("Not Found")))
        #expect(classify(404, "text/plain", "Not found") == .failed(.notFound("Not Found")))
        #expect(
            classify(410, nil, #"{"json":{"defined":false,"code":"GONE","status":404,"message":"gone"}}"#)
                == .failed(.notFound("gone"))
        )
        #expect(
            classify(404, nil, #"{"json":{"defined":false,"code":"NOT_FOUND","status":410,"message":"gone"}}"#)
                == .failed(ExecutionError(message: "gone"))
        )
    }

    @Test("An error that is declared not to be JSON is not read")
    func otherTypes() {
        let body = #"{"json":{"defined":false,"code":"CONFLICT","status":409,"message":"own words"}}"#
        #expect(classify(400, "text/plain", body) == .failed(ExecutionError(message: "Bad Request")))
    }

    @Test("Members beside json do not keep an error from being read")
    func extraMembers() {
        let body = #"{"trace":1,"json":{"defined":false,"code":"CONFLICT","status":409,"message":"own words"}}"#
        #expect(classify(409, nil, body) == .failed(ExecutionError(message: "own words")))
    }

    @Test("NUL characters do not get into a message")
    func nul() {
        let body = #"{"json":{"defined":false,"code":"CONFLICT","status":409,"message":"\u0000a\u0000\u0000b"}}"#
        #expect(classify(409, nil, body) == .failed(ExecutionError(message: "\u{FFFD}a\u{FFFD}\u{FFFD}b")))
    }

    @Test("An output of 1 MiB is kept, a larger one fails for good")
    func size() {
        let largest = "\"" + String(repeating: "x", count: (1 << 20) - 2) + "\""
        #expect(classify(200, nil, "{\"json\":\(largest)}") == .completed(Payload(json: largest)))
        #expect(
            classify(200, nil, "{\"json\":\(largest) }") == .completed(Payload(json: largest)),
            "white space around it does not count"
        )
        #expect(
            classify(200, nil, "{\"json\":[\(largest)]}")
                == .failed(.nonRetryable("The procedure's output is 1048578 bytes of JSON; at most 1048576 are kept"))
        )
        #expect(
            ResponseClassification.answerTooLong(limit: 100)
                == .failed(.nonRetryable("The procedure's answer is longer than 100 bytes, the most that is read"))
        )
    }

    @Test("No answer is a failure that may be tried again")
    func noAnswer() {
        #expect(
            ResponseClassification.noAnswer("connection refused")
                == unusable("The procedure could not be called: connection refused")
        )
    }
}
