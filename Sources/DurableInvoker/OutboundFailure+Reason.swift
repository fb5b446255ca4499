internal import OutboundHTTP

#if canImport(Darwin)
    internal import Darwin
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Glibc
#endif

extension OutboundFailure {
    /// The reason in words that fit an execution's record, as the end of a sentence.
    ///
    /// The words name neither host, URL nor header: clients of the front end read them.
    var reason: String {
        switch cause {
        case .deadline: "it took too long"
        case .cancelled: "the attempt was cancelled"
        case .shutDown: "the worker is shutting down"
        case .unresolvable: "the web app's host name could not be resolved"
        case .unreachable(let code): "could not connect to the web app: \(Self.meaning(ofErrno: code))"
        case .connectTimeout: "could not connect to the web app: it did not accept the connection in time"
        case .untrusted: "no secure connection to the web app: its certificate is not trusted"
        case .wrongHost: "no secure connection to the web app: its certificate is for another host"
        case .handshake: "no secure connection to the web app: the TLS handshake failed"
        case .proxyRefused(let status): "could not connect to the web app: the proxy answered \(status)"
        case .headTooLong: "the head of the web app's answer is too long"
        case .closed, .malformed, .bodyTooLong: broken
        }
    }

    /// What broke off, by how far it had come.
    private var broken: String {
        switch progress {
        case .waiting, .connecting:
            cause == .malformed
                ? "could not connect to the web app: the proxy's answer was not HTTP"
                : "could not connect to the web app: connection closed"
        case .asked:
            cause == .malformed
                ? "the web app's answer was not HTTP" : "the web app closed the connection before it answered"
        case .answering(let answer):
            "the web app's answer (status \(answer.status)) was cut off after \(answer.body.count) bytes of its body"
        }
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
