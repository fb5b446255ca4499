internal import AsyncHTTPClient
package import DurableCore
internal import DurableWire
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// Makes the attempts of a task by calling a procedure of a web app.
///
/// One call is one POST: no redirect is followed, nothing is tried twice. The task's timeout bounds all of it, from looking up
/// the host to the last byte of the body; cancelling the surrounding `Task` aborts it. Either closes the connection, which
/// is how the web app learns of it.
package struct HTTPInvoker: Invoker {
    private let client: ProcedureClient
    private let endpoint: String
    private let isSecure: Bool
    /// Whether the task is a parent by now; executions know what it was when they were enqueued.
    private let isParent: Bool
    private let metrics: InvocationMetrics
    private let signingSecrets: [SigningSecret]
    /// The request of every call: its URL is parsed once, its headers are the endpoint's.
    private let template: HTTPClient.Request

    /// - Parameters:
    ///   - procedure: What is called.
    ///   - task: Whose attempts are made. A parent's procedure answers with an output and children.
    ///   - client: Whose connections are used.
    package init(calling procedure: Procedure, for task: TaskDefinition, over client: ProcedureClient) throws {
        self.client = client
        endpoint = procedure.endpoint.name
        isParent = task.kind.isParent
        metrics = InvocationMetrics(task: task.id)
        signingSecrets = procedure.endpoint.signingSecrets
        template = try Self.template(for: procedure)
        isSecure = template.scheme == "https"
    }

    package func invoke(_ attempt: Attempt) async -> Outcome {
        let start = ContinuousClock.now
        let outcome = await call(for: attempt.lease)
        metrics.record(outcome, after: .now - start)
        return outcome
    }

    private func call(for lease: Lease) async -> Outcome {
        var request = template
        let body = Envelope.encode(lease.input)
        request.headers.add(lease)
        request.headers.sign(lease, body: body, with: signingSecrets)
        request.body = .byteBuffer(ByteBuffer(bytes: body))
        let isParent = isParent || lease.kind.isParent
        let limit = ResponseClassification.longestAnswer(ofParent: isParent)
        do throws(CallFailure) {
            let deadline = NIODeadline.now() + Self.timeout(of: lease.options)
            let answer = try await client.answer(to: request, limit: limit, by: deadline)
            return answer.outcome(of: lease, isParent: isParent)
        } catch {
            let reason = error.reason(isSecure: isSecure)
            client.logger.debug(
                "Procedure call brought no answer",
                metadata: [
                    "endpoint": "\(endpoint)", "task": "\(lease.taskID)", "execution": "\(lease.executionID)",
                    "attempt": "\(lease.id.attempt)", "reason": "\(reason)",
                ]
            )
            return outcome(of: lease, error, reason: reason, limit: limit)
        }
    }

    /// What a call without a complete answer comes to.
    private func outcome(of lease: Lease, _ failure: CallFailure, reason: String, limit: Int) -> Outcome {
        if failure.isTimeout { return .failed(.timedOut) }
        if failure.isCancellation { return .failed(.cancelled) }
        // The status of an error says enough, even when its body cannot be read.
        if case .answering(var answer) = failure.progress, answer.status >= 400 {
            answer.body = []
            return answer.outcome(of: lease, isParent: false)
        }
        if failure.isTooLarge { return ResponseClassification.answerTooLong(limit: limit) }
        return ResponseClassification.noAnswer(reason)
    }

    /// The task's timeout as far as timers can count.
    ///
    /// A century is for ever, and far from where nanoseconds overflow.
    private static func timeout(of options: TaskOptions) -> TimeAmount {
        let century: Int64 = 100 * 365 * 24 * 3600 * 1000
        return .milliseconds(min(Int64(options.timeoutMs), century))
    }

    private static func template(for procedure: Procedure) throws -> HTTPClient.Request {
        var headers = HTTPHeaders()
        for (name, value) in procedure.endpoint.headers { headers.add(name: name, value: value) }
        if !headers.contains(name: "user-agent") { headers.add(name: "user-agent", value: "durable-execution") }
        return try HTTPClient.Request(url: procedure.url, method: .POST, headers: headers)
    }
}
