internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Gathers the answer to one call, up to a limit, and knows how far the call has come when it fails.
final class AnswerCollector: HTTPClientResponseDelegate {
    typealias Response = Answer

    /// The body is longer than is taken in; it is not read to its end, and the connection is closed.
    struct TooLarge: Error {}

    enum Progress {
        /// Nothing has been sent: still looking for the host, connecting, or agreeing on TLS.
        case connecting
        case asked
        case answering(Answer)
    }

    private let limit: Int
    private let state = Mutex(Progress.connecting)

    /// - Parameter limit: The longest body in bytes.
    init(limit: Int) { self.limit = limit }

    var progress: Progress { state.withLock { $0 } }

    func didSendRequestHead(task: HTTPClient.Task<Answer>, _ head: HTTPRequestHead) {
        state.withLock { state in
            if case .connecting = state { state = .asked }
        }
    }

    func didReceiveHead(task: HTTPClient.Task<Answer>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0 = .answering(Answer(head: head)) }
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        return announced > limit
            ? task.eventLoop.makeFailedFuture(TooLarge()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Answer>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let isWithinLimit = state.withLock { state in
            guard case .answering(var answer) = state else { return true }
            guard answer.body.count + part.readableBytes <= limit else { return false }
            // Lets go of the state's reference first: appending would copy the whole body otherwise.
            state = .asked
            answer.body.append(contentsOf: part.readableBytesView)
            state = .answering(answer)
            return true
        }
        return isWithinLimit
            ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(TooLarge())
    }

    func didFinishRequest(task: HTTPClient.Task<Answer>) throws -> Answer {
        guard case .answering(let answer) = progress else { throw HTTPClientError.remoteConnectionClosed }
        return answer
    }
}
