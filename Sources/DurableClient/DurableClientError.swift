/// Why a request to the service did not succeed.
public enum DurableClientError: Error, Sendable, Hashable {
    /// The URL of the service is none.
    case invalidURL(String)
    /// The service answered with an error.
    case refused(Refusal)
    /// No answer: connection refused or reset, no such host, bad certificate. Whether the request was served is not known.
    case unreachable(reason: String)
    /// No complete answer in time. Whether the request was served is not known.
    case timedOut
    /// What answered does not speak the service's protocol: a proxy's page, another program.
    case unexpectedAnswer(reason: String)
    /// The input has no place in JSON; nothing was sent.
    case invalidInput(reason: String)
    /// The execution's output is of another type than was asked for.
    case invalidOutput(reason: String)

    /// An error that the service answered with.
    public struct Refusal: Sendable, Hashable {
        /// The error's name in oRPC, `NOT_FOUND` for instance.
        public let code: String
        /// The HTTP status that goes with it.
        public let status: Int
        /// Written for whoever sent the request.
        public let message: String
        /// How long the service wants to be left alone, when it says so.
        public let retryAfter: Duration?
    }

    /// Whether the same request may succeed later.
    ///
    /// Enqueueing is safe to repeat only with an idempotency key: without one, a request whose answer was lost may have
    /// been served.
    public var isTransient: Bool {
        switch self {
        case .refused(let refusal): [408, 429, 500, 502, 503, 504].contains(refusal.status)
        case .unreachable, .timedOut: true
        case .invalidURL, .unexpectedAnswer, .invalidInput, .invalidOutput: false
        }
    }
}

extension DurableClientError: CustomStringConvertible {
    /// A sentence for people.
    public var description: String {
        switch self {
        case .invalidURL(let url):
            "\(url) is not the URL of a service; expected something like http://localhost:8080/rpc"
        case .refused(let refusal): "\(refusal.message) (\(refusal.code), \(refusal.status))"
        case .unreachable(let reason): "The service cannot be reached: \(reason)"
        case .timedOut: "The service did not answer in time"
        case .unexpectedAnswer(let reason): "The answer is not from a durable execution service: \(reason)"
        case .invalidInput(let reason): "The input cannot be sent: \(reason)"
        case .invalidOutput(let reason): "The output is of another type: \(reason)"
        }
    }
}
