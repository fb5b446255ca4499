internal import NIOConcurrencyHelpers
package import NIOCore
internal import NIOPosix
internal import NIOSSL

/// A client for HTTP/1.1: POSTs over connections that are kept and used again.
///
/// One deadline bounds all of a call, from waiting for a connection and looking for the host to the last byte of the body.
/// When it passes, and when the surrounding `Task` is cancelled, the call's connection is closed. Certificates are
/// verified. Nothing is followed, decompressed or remembered.
///
/// **What is sent twice.** A peer may close a connection it has kept open in the very moment in which the next request is
/// sent over it. Who sent it cannot tell that from a peer that read the request, did its work, and died. RFC 9110 §9.2.2
/// leaves it to those who know what their requests mean: a template says whether its requests are repeatable, which needs
/// an idempotency key or the like. Theirs are then sent once more, on a fresh connection, if the connection had carried a
/// call before and was closed without one byte of an answer. Nothing else is ever tried again here.
package final class OutboundClient: Sendable {
    private struct Key: Hashable {
        let isSecure: Bool
        let host: String
        let port: Int
        let proxy: Proxy?
    }

    private struct State {
        var origins: [Key: Origin] = [:]
        /// Made when it is needed first: reading the system's trust roots takes a while.
        var tls: NIOSSLContext?
        var isShutDown = false
    }

    private let configuration: OutboundConfiguration
    private let group: any EventLoopGroup
    private let state = NIOLockedValueBox(State())

    package init(_ configuration: OutboundConfiguration = OutboundConfiguration()) {
        var configuration = configuration
        configuration.connectionsPerOrigin = max(1, configuration.connectionsPerOrigin)
        self.configuration = configuration
        group = .singletonMultiThreadedEventLoopGroup
    }

    /// Prepares calls of one URL; to be kept, since every call after that costs less.
    ///
    /// - Parameters:
    ///   - url: As ``Target/init(_:)`` takes it.
    ///   - headers: What every call carries, besides `host` and `content-length`.
    ///   - isRepeatable: Whether the peer may be sent a request again when it is unknown what became of the first.
    package func template(
        postingTo url: String,
        headers: [(name: String, value: String)] = [],
        isRepeatable: Bool = false
    ) throws(InvalidRequest) -> RequestTemplate {
        let target: Target
        do throws(InvalidTarget) {
            target = try Target(url)
        } catch {
            throw .target(error)
        }
        let proxy = try configuration.proxies.proxy(for: target)
        let isForProxy = proxy != nil && !target.isSecure
        var head = "POST \(isForProxy ? "http://" + target.authority : "")\(target.path) HTTP/1.1\r\n"
        var headers = headers
        headers.insert(("host", target.authority), at: 0)
        if isForProxy, let authorization = proxy?.authorization {
            headers.append(("proxy-authorization", authorization))
        }
        for (name, value) in headers {
            guard HeaderField.isName(name), HeaderField.isValue(value) else { throw .header(name: name) }
            head += "\(name): \(value)\r\n"
        }
        return RequestTemplate(
            isSecure: target.isSecure,
            origin: try origin(of: target, through: proxy),
            head: Array(head.utf8),
            isRepeatable: isRepeatable
        )
    }

    private func origin(of target: Target, through proxy: Proxy?) throws(InvalidRequest) -> Origin {
        let key = Key(isSecure: target.isSecure, host: target.host, port: target.port, proxy: proxy)
        do {
            return try state.withLockedValue { state in
                if let origin = state.origins[key] { return origin }
                let route = try Route(to: target, through: proxy) { try tls(in: &state) }
                let origin = Origin(
                    route: route,
                    configuration: configuration,
                    group: group,
                    isShutDown: state.isShutDown
                )
                state.origins[key] = origin
                return origin
            }
        } catch {
            throw .tls(reason: String(describing: error))
        }
    }

    private func tls(in state: inout State) throws -> NIOSSLContext {
        if let tls = state.tls { return tls }
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = configuration.trustRoots
        tls.applicationProtocols = ["http/1.1"]
        // How long a peer is waited for that does not say goodbye.
        tls.shutdownTimeout = .seconds(1)
        let context = try NIOSSLContext(configuration: tls)
        state.tls = context
        return context
    }

    /// Sends a request and takes in all of its answer.
    ///
    /// - Parameters:
    ///   - limit: The longest body that is read, in bytes. A longer one fails the call and closes the connection.
    ///   - deadline: When the call is given up.
    package func send(
        _ message: RequestMessage,
        limit: Int,
        by deadline: NIODeadline
    ) async throws(OutboundFailure) -> OutboundAnswer {
        try await OutboundCall(message, limit: limit, deadline: deadline).result().get()
    }

    /// Closes all connections; calls that wait or are under way fail, as do later ones.
    package func shutdown() async {
        let origins = state.withLockedValue { state in
            state.isShutDown = true
            return Array(state.origins.values)
        }
        for origin in origins { await origin.shutdown() }
    }
}
