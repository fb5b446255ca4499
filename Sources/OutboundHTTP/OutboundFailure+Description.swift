internal import NIOCore

extension OutboundFailure: CustomStringConvertible {
    /// What went wrong, as a part of a sentence; names neither host nor header.
    package var description: String {
        switch cause {
        case .deadline: "there was no complete answer in time"
        case .cancelled: "the call was cancelled"
        case .shutDown: "the client was shut down"
        case .unresolvable: "the host name could not be resolved"
        case .unreachable(let code): "could not connect: \(IOError(errnoCode: code, reason: "connect"))"
        case .connectTimeout: "could not connect in time"
        case .untrusted: "the certificate is not trusted"
        case .wrongHost: "the certificate is for another host"
        case .handshake: "the TLS handshake failed"
        case .proxyRefused(let status): "the proxy answered \(status)"
        case .closed: isAnswering ? "the answer was cut off" : "the connection was closed before there was an answer"
        case .malformed: "the answer is not HTTP"
        case .headTooLong: "the head of the answer is too long"
        case .bodyTooLong: "the answer is too long"
        }
    }

    private var isAnswering: Bool {
        if case .answering = progress { true } else { false }
    }
}
