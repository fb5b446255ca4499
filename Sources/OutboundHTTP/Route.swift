internal import NIOCore
internal import NIOSSL

/// The way to a target: where TCP connects to, and what has to happen until requests can be sent.
struct Route: Sendable {
    enum Step: Sendable {
        /// Agree on TLS with whoever is at the other end, who must have a certificate for a name; without a name, for the
        /// address connected to.
        ///
        /// NIOSSL is content with a certificate for the address connected to even when there is a name. At the other end of
        /// a tunnel that is the address of the proxy, whose certificate must not count.
        case secure(NIOSSLContext, serverName: String?, isThroughTunnel: Bool)
        /// Ask a proxy for a tunnel, with these bytes.
        case tunnel(request: [UInt8])
    }

    let host: String
    let port: Int
    let steps: [Step]

    /// - Parameters:
    ///   - proxy: Who is connected to instead; `nil` for the target itself.
    ///   - tls: What to agree on, where the target or the proxy asks for TLS.
    init(to target: Target, through proxy: Proxy?, tls: () throws -> NIOSSLContext) rethrows {
        var steps: [Step] = []
        if let proxy {
            if proxy.isSecure {
                steps.append(.secure(try tls(), serverName: Self.name(proxy.host), isThroughTunnel: false))
            }
            if target.isSecure { steps.append(.tunnel(request: proxy.tunnelRequest(to: target))) }
        }
        if target.isSecure {
            steps.append(.secure(try tls(), serverName: Self.name(target.host), isThroughTunnel: proxy != nil))
        }
        host = proxy?.host ?? target.host
        port = proxy?.port ?? target.port
        self.steps = steps
    }

    /// The host, if it is a name: addresses are not named in TLS, the certificate is compared with the peer's.
    private static func name(_ host: String) -> String? {
        (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }
}
