internal import AsyncHTTPClient
internal import NIOCore
internal import NIOPosix

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

/// Why a call brought no complete answer.
struct CallFailure: Error {
    /// What the HTTP client threw.
    let error: any Error
    /// How far the call had come.
    let progress: AnswerCollector.Progress

    var isTimeout: Bool { error as? HTTPClientError == .deadlineExceeded }

    var isCancellation: Bool { error as? HTTPClientError == .cancelled }

    var isTooLarge: Bool { error is AnswerCollector.TooLarge }

    /// Whether the call was given a connection that the web app had closed meanwhile, and nothing was sent over it.
    var isStaleConnection: Bool {
        guard case .connecting = progress else { return false }
        return error as? HTTPClientError == .remoteConnectionClosed
    }

    /// The reason in words that fit an execution's record, as the end of a sentence.
    ///
    /// The words name neither host, URL nor header: clients of the front end read them.
    ///
    /// - Parameter isSecure: Whether the endpoint is `https`.
    func reason(isSecure: Bool) -> String {
        switch progress {
        case .connecting:
            Self.connecting(error, isSecure: isSecure)
        case .asked:
            Self.isBroken(error)
                ? "the web app closed the connection before it answered" : "the web app's answer was not HTTP"
        case .answering(let answer):
            "the web app's answer (status \(answer.status)) was cut off after \(answer.body.count) bytes of its body"
        }
    }

    private static func connecting(_ error: any Error, isSecure: Bool) -> String {
        switch error {
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else {
                return "the web app's host name could not be resolved"
            }
            return connecting(first.error, isSecure: isSecure)
        case let error as IOError:
            return "could not connect to the web app: \(meaning(ofErrno: error.errnoCode))"
        case ChannelError.connectTimeout:
            return "could not connect to the web app: it did not accept the connection in time"
        case let error as HTTPClientError where error == .connectTimeout:
            return "could not connect to the web app: it did not accept the connection in time"
        case let error as HTTPClientError where error == .getConnectionFromPoolTimeout:
            return "could not connect to the web app: no connection became free in time"
        case let error as HTTPClientError where error == .alreadyShutdown:
            return "the worker is shutting down"
        default:
            return isSecure
                ? "no secure connection to the web app: \(tlsProblem(error))" : "could not connect to the web app"
        }
    }

    /// Once the host has accepted the connection of an `https` endpoint, only TLS can go wrong before a request is sent.
    ///
    /// Its errors are told apart by their text: their types belong to whichever TLS library the platform has.
    private static func tlsProblem(_ error: any Error) -> String {
        let details = String(describing: error)
        if details.contains("CERTIFICATE_VERIFY_FAILED") { return "its certificate is not trusted" }
        if details.contains("failedToValidateHostname") { return "its certificate is for another host" }
        return "the TLS handshake failed"
    }

    /// Whether the connection broke, rather than that something came over it which cannot be read.
    private static func isBroken(_ error: any Error) -> Bool {
        error is HTTPClientError || error is IOError || error is ChannelError
    }

    private static func meaning(ofErrno code: CInt) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE: "connection reset"
        case ETIMEDOUT: "it did not accept the connection in time"
        case EHOSTUNREACH: "its host cannot be reached"
        case ENETUNREACH: "its network cannot be reached"
        case EADDRNOTAVAIL: "no local port is free"
        case EMFILE, ENFILE: "the worker has too many open files"
        case EACCES, EPERM: "not permitted"
        default: "system error \(code)"
        }
    }
}
