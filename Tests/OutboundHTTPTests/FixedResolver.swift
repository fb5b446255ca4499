import NIOCore
import NIOPosix
import Synchronization

/// Finds the same addresses for every name, or none for as long as a test wants.
final class FixedResolver: Sendable {
    private let addresses: [SocketAddress]?
    private let waiting = Mutex<[EventLoopPromise<[SocketAddress]>]>([])

    /// - Parameter addresses: What is found; `nil` is nothing until ``giveUp()``.
    init(addresses: [SocketAddress]?) { self.addresses = addresses }

    var hasBeenAsked: Bool { waiting.withLock { !$0.isEmpty } }

    func on(_ eventLoop: any EventLoop) -> any Resolver & Sendable { Query(resolver: self, eventLoop: eventLoop) }

    /// Answers everybody with nothing.
    func giveUp() {
        for promise in waiting.withLock(\.self) { promise.succeed([]) }
    }

    private struct Query: Resolver, Sendable {
        let resolver: FixedResolver
        let eventLoop: any EventLoop

        func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            if let addresses = resolver.addresses { return eventLoop.makeSucceededFuture(addresses) }
            let promise = eventLoop.makePromise(of: [SocketAddress].self)
            resolver.waiting.withLock { $0.append(promise) }
            return promise.futureResult
        }

        func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
            eventLoop.makeSucceededFuture([])
        }

        func cancelQueries() {}
    }
}
