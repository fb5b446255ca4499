import DurableCore
import DurableWire
import Testing

/// The answers that oRPC's client was recorded to get, judged by us.
@Suite("Recorded answers", .enabled(if: !Vector.all.isEmpty, "the recorded exchanges are not at hand"))
struct ClientVectorTests {
    /// Where we judge otherwise than the recorded client, and upstream's table behind it.
    private static let deviations: [String: (reason: String, outcome: Outcome)] = [
        "nonorpc.html200": ("a page is no output", instead("200 with text/html instead of an oRPC body")),
        "nonorpc.text200": ("a text is no output", instead("200 with text/plain instead of an oRPC body")),
        "nonorpc.redirect302": ("a redirect is no success", instead("302, which is neither success nor failure")),
        "nonorpc.notmodified304": ("a redirect is no success", instead("304, which is neither success nor failure")),
        "nonorpc.upperct": ("media types have no case", .completed(Payload(json: "1"))),
        "nonorpc.disposition200": ("a body says by itself what it is", .completed(Payload(json: #"{"n":1}"#))),
        "nonorpc.multipart200": (
            "files are not supported", instead("200 with multipart/form-data; boundary=b instead of an oRPC body")
        ),
        "nonorpc.badjson200": (
            "the message says what came",
            instead("200 with a body that cannot be read: JSON ends at byte 8 where a value was expected")
        ),
        "nonorpc.jsonnull200": (
            "the message says what came",
            instead("200 with a body that cannot be read: the body is null instead of an object with json and meta")
        ),
        "nonorpc.badmeta200": (
            "the message says what came",
            instead(
                "200 with a body that cannot be read: "
                    + "type annotation 0 of meta points at a value that cannot become a BigInt"
            )
        ),
        "nonorpc.badpath200": (
            "the message says what came",
            instead(
                "200 with a body that cannot be read: type annotation 0 of meta points at a value that is not there"
            )
        ),
        "nonorpc.truncate": (
            "the invoker notices that the answer was cut off; were it not, this would be said",
            instead("200 with a body that cannot be read: JSON ends at byte 13 where a value was expected")
        ),
        "nonorpc.jsonnull500": ("the status decides, readable or not", status(500, "Internal Server Error")),
        "nonorpc.badjson500": ("the status decides, readable or not", status(500, "Internal Server Error")),
        "nonorpc.sseOk": stream, "nonorpc.sseCrlf": stream, "nonorpc.sseDoneNoData": stream,
        "nonorpc.sseMessageNoData": stream, "nonorpc.sseIncomplete": stream, "nonorpc.sseNoSpace": stream,
        "nonorpc.sseMultiData": stream, "nonorpc.sseBadJson": stream, "nonorpc.sseErrorNoData": stream,
        "nonorpc.sseEmpty": stream,
    ]

    private static let stream = (
        "streams are not supported", instead("200 with text/event-stream instead of an oRPC body")
    )

    private static func instead(_ what: String) -> Outcome {
        .failed(ExecutionError(message: "The procedure answered \(what)", isRetryable: true, isInternal: true))
    }

    private static func status(_ status: Int, _ message: String) -> Outcome {
        .failed(upstreamError(status: status, message: message))
    }

    /// Upstream's table, by status.
    private static func upstreamError(status: Int, message: String) -> ExecutionError {
        switch status {
        case 404: ExecutionError(kind: .notFound, message: message)
        case 408, 429: ExecutionError(message: message, isRetryable: true)
        case 500, 502, 503, 504: ExecutionError(message: message, isRetryable: true, isInternal: true)
        case 500...: ExecutionError(message: message, isInternal: true)
        default: ExecutionError(message: message)
        }
    }

    private static let vectors = Vector.all.filter { $0.response != nil && $0.clientResult?.isNull == false }

    @Test("The vectors are there, and as many as were recorded")
    func count() {
        #expect(Self.vectors.count == 169)
    }

    @Test(
        "A recorded answer means for an attempt what it meant for oRPC's client and upstream's table",
        arguments: vectors
    )
    func replay(_ vector: Vector) throws {
        let recorded = try #require(vector.response)
        let result = try #require(vector.clientResult)
        let outcome = ResponseClassification.classify(
            ProcedureResponse(
                status: recorded.status,
                contentType: recorded.headers["content-type"],
                body: recorded.body
            )
        )
        if let deviation = Self.deviations[vector.id] {
            #expect(outcome == deviation.outcome)
            return
        }
        switch outcome {
        case .completed(let output):
            #expect(result["ok"]?.bool == true)
            let value = try #require(result["value"])
            let read = try JSValue(output)
            #expect(read == JSValue(tagged: value))
        case .spawned:
            Issue.record("an answer is no parent's by itself")
        case .failed(let failure, let retryAfterMs):
            let error = try #require(result["error"])
            #expect(error["kind"]?.string == "ORPCError")
            let status = try #require(error["status"]?.integer)
            let message = try #require(error["message"]?.string)
            #expect(failure == Self.upstreamError(status: status, message: message))
            #expect(retryAfterMs == 0)
        }
    }
}
