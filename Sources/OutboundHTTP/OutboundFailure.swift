/// Why a call brought no complete answer, and how far it had come.
package struct OutboundFailure: Error, Sendable {
    package enum Cause: Sendable, Hashable {
        /// The call's time was over.
        case deadline
        /// The surrounding `Task` was cancelled.
        case cancelled
        /// The client was shut down.
        case shutDown
        /// The host's name leads to no address.
        case unresolvable
        /// No address of the host accepted a connection; `errno` of the first.
        case unreachable(errno: CInt)
        /// There was no connection to send the request over in ``OutboundConfiguration/connectTimeout``.
        case connectTimeout
        /// The peer's certificate is not trusted: its authority is unknown, its time is over.
        case untrusted
        /// The peer's certificate is for another host.
        case wrongHost
        /// The peer does not speak TLS, or none that both sides know.
        case handshake
        /// The proxy answered the wish for a tunnel with something else than success.
        case proxyRefused(status: Int)
        /// The peer closed the connection, or it broke.
        case closed
        /// What the peer sent is not HTTP/1.1.
        case malformed
        /// The head of the answer is longer than is read.
        case headTooLong
        /// The body of the answer is longer than is read.
        case bodyTooLong
    }

    package enum Progress: Sendable {
        /// Nothing was sent: every connection was busy.
        case waiting
        /// Nothing was sent, not over this connection: still looking for the host, connecting, or agreeing on TLS.
        case connecting
        /// The request was sent, or part of it.
        case asked
        /// The answer had begun.
        case answering(OutboundAnswer)
    }

    package let cause: Cause
    package let progress: Progress

    init(_ cause: Cause, _ progress: Progress) {
        self.cause = cause
        self.progress = progress
    }
}
