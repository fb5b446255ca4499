import DurableCoding
import DurableCore
import DurableWire
import NIOCore
import NIOHTTP1
import OutboundHTTP

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Carries calls to the service and its answers back.
struct Transport: Sendable {
    private let base: String
    private let headers: [(name: String, value: String)]

    /// One for all clients of the process: connections enough for many long polls at once, proxies as the environment says.
    private static let http: OutboundClient = {
        var configuration = OutboundConfiguration()
        configuration.connectionsPerOrigin = 1024
        configuration.proxies = ProxyRules(environment: ProcessInfo.processInfo.environment)
        return OutboundClient(configuration)
    }()

    /// The largest answer in bytes: a record with its input and its output.
    private static let largestAnswer = 8 << 20

    /// What changes nothing, or nothing more when it is asked for twice; enqueueing, for one, does.
    private static let repeatable: Set<String> = [
        "getTaskExecution", "waitForTaskExecution", "inspectTaskExecution", "cancelTaskExecution",
    ]

    init(url: String, token: String?) throws(DurableClientError) {
        guard !url.contains("?") else { throw .invalidURL(url) }
        do throws(InvalidTarget) {
            _ = try Target(url)
        } catch {
            throw .invalidURL(url)
        }
        base = url.last == "/" ? String(url.dropLast()) : url
        headers =
            [("content-type", "application/json"), ("user-agent", "durable-client")]
            + (token.map { [("authorization", "Bearer \($0)")] } ?? [])
    }

    /// Sends a request and reads its answer, all of it within the time.
    ///
    /// - Throws: ``DurableClientError``, or `CancellationError`.
    func call(_ procedure: String, body: [UInt8], timeout: Duration) async throws -> WireValue {
        let template: RequestTemplate
        do throws(InvalidRequest) {
            template = try Self.http.template(
                postingTo: "\(base)/\(procedure)",
                headers: headers,
                isRepeatable: Self.repeatable.contains(procedure)
            )
        } catch {
            throw DurableClientError.unreachable(reason: error.description)
        }
        let message = template.request(capacity: body.count).finished(with: [body])
        let answer: OutboundAnswer
        do throws(OutboundFailure) {
            let deadline = NIODeadline.now() + TimeAmount(timeout)
            answer = try await Self.http.send(message, limit: Self.largestAnswer, by: deadline)
        } catch {
            throw Self.failure(error)
        }
        return try Self.read(answer)
    }

    private static func failure(_ failure: OutboundFailure) -> any Error {
        switch failure.cause {
        case .cancelled: CancellationError()
        case .deadline: DurableClientError.timedOut
        case .bodyTooLong: DurableClientError.unexpectedAnswer(reason: "it is longer than \(largestAnswer) bytes")
        case .malformed, .headTooLong: DurableClientError.unexpectedAnswer(reason: failure.description)
        default: DurableClientError.unreachable(reason: failure.description)
        }
    }

    private static func read(_ answer: OutboundAnswer) throws(DurableClientError) -> WireValue {
        let envelope = try? Envelope(answer.body)
        let status = answer.status
        switch status {
        case 400...:
            let error =
                envelope.flatMap { RPCError($0.value) } ?? RPCError(RPCErrorCode(status: status), status: status)
            throw .refused(DurableClientError.Refusal(error, retryAfter: retryAfter(answer.headers)))
        case 200..<300:
            guard let envelope, envelope.isExact else {
                let type = answer.headers.first(name: "content-type") ?? "no content type"
                throw .unexpectedAnswer(reason: "status \(status), \(type)")
            }
            return envelope.value
        default:
            throw .unexpectedAnswer(reason: "status \(status)")
        }
    }

    private static func retryAfter(_ headers: HTTPHeaders) -> Duration? {
        headers.first(name: "retry-after")
            .flatMap { RetryAfter.seconds($0, now: Timestamp.wallClock().microseconds / 1_000_000) }
            .map { .seconds($0) }
    }
}

extension DurableClientError.Refusal {
    fileprivate init(_ error: RPCError, retryAfter: Duration?) {
        code = error.code.rawValue
        status = error.status
        message = error.message
        self.retryAfter = retryAfter
    }
}
