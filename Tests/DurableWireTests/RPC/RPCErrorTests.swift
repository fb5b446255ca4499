import DurableCore
import DurableWire
import Testing

@Suite("oRPC errors")
struct RPCErrorTests {
    private func text(_ error: RPCError) -> String { String(decoding: error.encode(), as: UTF8.self) }

    private func read(_ body: String) throws -> RPCError? { RPCError(try Envelope(Array(body.utf8)).value) }

    @Test("An error travels as exactly its members, data only when there is some")
    func encoding() {
        #expect(
            text(RPCError(.notFound, message: "Task invalid not found"))
                == #"{"json":{"defined":false,"code":"NOT_FOUND","status":404,"message":"Task invalid not found"}}"#
        )
        #expect(
            text(RPCError(.conflict, data: Payload(json: "null"), isDefined: true))
                == #"{"json":{"defined":true,"code":"CONFLICT","status":409,"message":"Conflict","data":null}}"#
        )
        let data = Payload(json: Array(#"{"at":"1970-01-01T00:00:00.000Z"}"#.utf8), meta: Array(#"[[1,"at"]]"#.utf8))
        #expect(
            text(RPCError(.conflict, data: data))
                == #"{"json":{"defined":false,"code":"CONFLICT","status":409,"message":"Conflict","#
                + #""data":{"at":"1970-01-01T00:00:00.000Z"}},"meta":[[1,"data","at"]]}"#
        )
    }

    @Test("The answers in oRPC's own words")
    func words() {
        #expect(
            text(.malformedRequest)
                == #"{"json":{"defined":false,"code":"BAD_REQUEST","status":400,"message":"Malformed request. Ensure the "#
                + #"request body is properly formatted and the 'Content-Type' header is set correctly."}}"#
        )
        #expect(
            text(.internalError)
                == #"{"json":{"defined":false,"code":"INTERNAL_SERVER_ERROR","status":500,"message":"Internal server error"}}"#
        )
        #expect(
            text(.methodNotSupported)
                == #"{"json":{"defined":false,"code":"METHOD_NOT_SUPPORTED","status":405,"message":"Method Not Supported"}}"#
        )
    }

    @Test(
        "Every standard code has its status and message, and every status its code",
        arguments: [
            ("BAD_REQUEST", 400, "Bad Request"), ("UNAUTHORIZED", 401, "Unauthorized"), ("FORBIDDEN", 403, "Forbidden"),
            ("NOT_FOUND", 404, "Not Found"), ("METHOD_NOT_SUPPORTED", 405, "Method Not Supported"),
            ("NOT_ACCEPTABLE", 406, "Not Acceptable"), ("TIMEOUT", 408, "Request Timeout"),
            ("CONFLICT", 409, "Conflict"),
            ("PRECONDITION_FAILED", 412, "Precondition Failed"), ("PAYLOAD_TOO_LARGE", 413, "Payload Too Large"),
            ("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type"),
            ("UNPROCESSABLE_CONTENT", 422, "Unprocessable Content"), ("TOO_MANY_REQUESTS", 429, "Too Many Requests"),
            ("CLIENT_CLOSED_REQUEST", 499, "Client Closed Request"),
            ("INTERNAL_SERVER_ERROR", 500, "Internal Server Error"), ("NOT_IMPLEMENTED", 501, "Not Implemented"),
            ("BAD_GATEWAY", 502, "Bad Gateway"), ("SERVICE_UNAVAILABLE", 503, "Service Unavailable"),
            ("GATEWAY_TIMEOUT", 504, "Gateway Timeout"),
        ]
    )
    func table(_ code: String, status: Int, message: String) {
        let error = RPCError(RPCErrorCode(rawValue: code))
        #expect(error.status == status)
        #expect(error.message == message)
        #expect(RPCErrorCode(status: status).rawValue == code)
    }

    @Test("A code of one's own has status 500 and itself as message, a status without a code the code for that")
    func otherCodes() {
        let error = RPCError(RPCErrorCode(rawValue: "MY_CODE"), message: "")
        #expect(error.status == 500)
        #expect(error.message == "MY_CODE")
        #expect(RPCErrorCode(status: 418) == .malformedErrorResponse)
    }

    @Test("No error has a status that passes for a success", arguments: [200, 204, 302, 399])
    func successStatus(_ status: Int) {
        #expect(RPCError(.badRequest, status: status).status == 400)
    }

    @Test("An error that was written is read again")
    func roundTrip() throws {
        let error = RPCError(
            RPCErrorCode(rawValue: "MY_CODE"),
            status: 418,
            message: "line\n\"two\"",
            data: Payload(json: "[1]"),
            isDefined: true
        )
        let again = RPCError(try Envelope(error.encode()).value)
        #expect(again == error)
    }

    @Test("The members may come in any order, the message empty, the status below 200")
    func accepted() throws {
        let error = try read(#"{"json":{"message":"","status":1e2,"code":"BAD_REQUEST","defined":true}}"#)
        #expect(error == RPCError(.badRequest, status: 100, isDefined: true))
    }

    @Test(
        "What is not exactly an oRPC error is none",
        arguments: [
            #"{"defined":false,"code":"A","status":400,"message":"x","extra":1}"#,
            #"{"code":"A","status":400,"message":"x"}"#, #"{"defined":false,"status":400,"message":"x"}"#,
            #"{"defined":false,"code":"A","message":"x"}"#, #"{"defined":false,"code":"A","status":400}"#,
            #"{"defined":"false","code":"A","status":400,"message":"x"}"#,
            #"{"defined":false,"code":1,"status":400,"message":"x"}"#,
            #"{"defined":false,"code":"A","status":"400","message":"x"}"#,
            #"{"defined":false,"code":"A","status":200,"message":"x"}"#,
            #"{"defined":false,"code":"A","status":399,"message":"x"}"#,
            #"{"defined":false,"code":"A","status":400,"message":null}"#,
            #"[{"defined":false,"code":"A","status":400,"message":"x"}]"#, #""just a string""#, "null", "5",
        ]
    )
    func refused(_ json: String) throws {
        let error = try read("{\"json\":\(json)}")
        #expect(error == nil)
    }

    @Test("An annotated member is of another type than it seems")
    func annotated() throws {
        let body = #"{"json":{"defined":false,"code":"A","status":400,"message":"1"},"meta":[[0,"message"]]}"#
        let error = try read(body)
        #expect(error == nil)
    }
}
