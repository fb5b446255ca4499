package import DurableCore

/// What an answer of a procedure, or the lack of one, means for an attempt: decided here and nowhere else.
///
/// | answer | meaning |
/// | --- | --- |
/// | 2xx with an object of nothing but `json` and `meta` | completed |
/// | the same, from the procedure of a parent: ``ParentAnswer`` | completed, with children to run |
/// | the same, with more output than is kept, or of a parent anything else | failed for good |
/// | at least 400 with an oRPC error | failed, by the error's own status and message |
/// | at least 400 with anything else | failed, by the HTTP status |
/// | everything else, no answer included | failed, retryable, internal |
///
/// By status, as upstream's latest version: 404 is `not_found`; 408, 429, 500, 502, 503 and 504 may be tried again; 500 and
/// above are internal. Unlike the recorded client we take nothing for a success without output that is no oRPC answer: an
/// HTML page, a redirect, an empty 204.
package enum ResponseClassification {
    /// The largest output that is kept, in bytes of JSON.
    package static let largestOutput = 1 << 20

    /// The longest answer that is read, in bytes: one output, or a parent's output and its children.
    package static func longestAnswer(ofParent isParent: Bool) -> Int {
        isParent ? 16 << 20 : largestOutput + (64 << 10)
    }

    /// What an answer means.
    ///
    /// - Parameter isParent: Whether it is the answer of a parent, which may bring children.
    package static func classify(_ response: ProcedureResponse, ofParent isParent: Bool = false) -> Outcome {
        switch response.status {
        case 200..<300: success(response, ofParent: isParent)
        case 400...: .failed(failure(response))
        default: .failed(unusable("The procedure answered \(response.status), which is neither success nor failure"))
        }
    }

    /// The failure of an attempt whose answer was longer than is read.
    package static func answerTooLong(limit: Int) -> Outcome {
        .failed(.nonRetryable("The procedure's answer is longer than \(limit) bytes, the most that is read"))
    }

    /// The failure of an attempt that got no answer, or not all of one.
    ///
    /// - Parameter reason: What went wrong, after "The procedure could not be called: ", without addresses and secrets.
    package static func noAnswer(_ reason: String) -> Outcome {
        .failed(unusable("The procedure could not be called: \(reason)"))
    }

    // MARK: Parts

    private static func success(_ response: ProcedureResponse, ofParent isParent: Bool) -> Outcome {
        let answered = "The procedure answered \(response.status)"
        guard isJSON(response) else {
            let contentType = response.contentType ?? ""
            return .failed(unusable("\(answered) with \(printable(contentType)) instead of an oRPC body"))
        }
        guard !response.body.isEmpty else {
            return .failed(unusable("\(answered) with an empty body instead of an oRPC body"))
        }
        do throws(MalformedBody) {
            let envelope = try Envelope(response.body, maximumDepth: Envelope.keptDepth)
            guard envelope.isExact else {
                return .failed(unusable("\(answered) with JSON that is not an oRPC body"))
            }
            return isParent ? spawned(envelope.value) : completed(envelope.value.payload)
        } catch {
            return .failed(unusable("\(answered) with a body that cannot be read: \(error)"))
        }
    }

    private static func completed(_ output: Payload) -> Outcome {
        tooLarge(output).map { .failed($0) } ?? .completed(output)
    }

    private static func spawned(_ value: WireValue) -> Outcome {
        do throws(ExecutionError) {
            let answer = try ParentAnswer(value)
            if let error = tooLarge(answer.output) { throw error }
            return .spawned(answer.output, children: answer.children)
        } catch {
            return .failed(error)
        }
    }

    private static func tooLarge(_ output: Payload) -> ExecutionError? {
        guard output.size > largestOutput else { return nil }
        return .nonRetryable(
            "The procedure's output is \(output.size) bytes of JSON; at most \(largestOutput) are kept"
        )
    }

    private static func failure(_ response: ProcedureResponse) -> ExecutionError {
        let answer = isJSON(response) ? try? Envelope(response.body).value : nil
        let error =
            answer.flatMap { RPCError($0) } ?? RPCError(RPCErrorCode(status: response.status), status: response.status)
        // PostgreSQL's texts cannot hold NUL.
        let message = error.message.split(separator: "\0", omittingEmptySubsequences: false).joined(
            separator: "\u{FFFD}"
        )
        let isRetryable = [408, 429, 500, 502, 503, 504].contains(error.status)
        return error.status == 404
            ? .notFound(message)
            : ExecutionError(message: message, isRetryable: isRetryable, isInternal: error.status >= 500)
    }

    private static func unusable(_ message: String) -> ExecutionError {
        ExecutionError(message: message, isRetryable: true, isInternal: true)
    }

    /// Whether the answer says, in letters of whatever case, that it is JSON, or does not say what it is.
    private static func isJSON(_ response: ProcedureResponse) -> Bool {
        guard let contentType = response.contentType, !contentType.isEmpty else { return true }
        // The first is what everybody sends, and needs no copy.
        return contentType.hasPrefix("application/json") || contentType.lowercased().hasPrefix("application/json")
    }

    /// A header's value as far as a message needs it.
    private static func printable(_ text: String) -> String {
        let characters = text.unicodeScalars.prefix(100).map { (0x20..<0x7F).contains($0.value) ? Character($0) : "?" }
        return String(characters)
    }
}
