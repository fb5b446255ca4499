package import DurableCore
internal import DurableWire
internal import Logging
internal import NIOCore
internal import OutboundHTTP

/// Makes the attempts of a task by calling a procedure of a web app.
///
/// One call is one POST; no redirect is followed. The task's timeout bounds all of it, from looking up the host to the last
/// byte of the body; cancelling the surrounding `Task` aborts it. Either closes the connection, which is how the web app
/// learns of it.
///
/// Calls are repeatable: every attempt carries its execution's idempotency key, and executions run at least once anyway. So
/// a call that met a kept connection which the web app was closing is sent again, on a fresh one, as the same attempt.
package struct HTTPInvoker: Invoker {
    private let client: ProcedureClient
    private let endpoint: String
    /// Whether the task is a parent by now; executions know what it was when they were enqueued.
    private let isParent: Bool
    private let metrics: InvocationMetrics
    private let signingSecrets: [SigningSecret]
    /// What every call has in common.
    private let template: RequestTemplate

    /// How many bytes the headers of a call come to, about, without a trace and an earlier error.
    private static let headersOfAttempt = 384

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
        var headers = procedure.endpoint.headers.map { (name: $0.key, value: $0.value) }
        if !headers.contains(where: { $0.name.lowercased() == "user-agent" }) {
            headers.append(("user-agent", "durable-execution"))
        }
        headers.append(("content-type", "application/json"))
        headers.append(("durable-task-id", task.id.rawValue))
        template = try client.http.template(postingTo: procedure.url, headers: headers, isRepeatable: true)
    }

    package func invoke(_ attempt: Attempt) async -> Outcome {
        let start = ContinuousClock.now
        let outcome = await call(for: attempt.lease)
        metrics.record(outcome, after: .now - start)
        return outcome
    }

    private func call(for lease: Lease) async -> Outcome {
        let body = Envelope.parts(of: lease.input)
        var request = template.request(capacity: Self.headersOfAttempt + lease.input.size)
        request.add(lease)
        request.sign(lease, body: body, with: signingSecrets)
        let isParent = isParent || lease.kind.isParent
        let limit = ResponseClassification.longestAnswer(ofParent: isParent)
        do throws(OutboundFailure) {
            let deadline = NIODeadline.now() + Self.timeout(of: lease.options)
            let answer = try await client.http.send(request.finished(with: body), limit: limit, by: deadline)
            return answer.outcome(of: lease, isParent: isParent)
        } catch {
            client.logger.debug(
                "Procedure call brought no answer",
                metadata: [
                    "endpoint": "\(endpoint)", "task": "\(lease.taskID)", "execution": "\(lease.executionID)",
                    "attempt": "\(lease.id.attempt)", "reason": "\(error.reason)",
                ]
            )
            return outcome(of: lease, error, limit: limit)
        }
    }

    /// What a call without a complete answer comes to.
    private func outcome(of lease: Lease, _ failure: OutboundFailure, limit: Int) -> Outcome {
        if failure.cause == .deadline { return .failed(.timedOut) }
        if failure.cause == .cancelled { return .failed(.cancelled) }
        // The status of an error says enough, even when its body cannot be read.
        if case .answering(var answer) = failure.progress, answer.status >= 400 {
            answer.body = []
            return answer.outcome(of: lease, isParent: false)
        }
        if failure.cause == .bodyTooLong { return ResponseClassification.answerTooLong(limit: limit) }
        return ResponseClassification.noAnswer(failure.reason)
    }

    /// The task's timeout as far as timers can count.
    ///
    /// A century is for ever, and far from where nanoseconds overflow.
    private static func timeout(of options: TaskOptions) -> TimeAmount {
        let century: Int64 = 100 * 365 * 24 * 3600 * 1000
        return .milliseconds(min(Int64(options.timeoutMs), century))
    }
}
