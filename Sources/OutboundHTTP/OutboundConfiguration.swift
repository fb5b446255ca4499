package import NIOCore
package import NIOPosix
package import NIOSSL

/// How an ``OutboundClient`` makes, keeps and limits its connections.
package struct OutboundConfiguration: Sendable {
    /// How many connections one origin gets at most; a call that finds all of them busy waits for its turn.
    package var connectionsPerOrigin = 64
    /// How long a connection may take until a request can be sent over it: TCP, the proxy's tunnel and TLS together.
    package var connectTimeout = TimeAmount.seconds(10)
    /// How long a connection is kept without a call.
    ///
    /// Node closes connections that were idle for 5 s. Closing them first avoids calling over one that is being closed.
    package var idleTimeout = TimeAmount.seconds(4)
    /// The longest head of an answer, in bytes of its fields.
    package var longestHead = 64 << 10
    /// Which authorities may vouch for a peer: the system's, unless given.
    package var trustRoots = NIOSSLTrustRoots.default
    /// Which calls go through a proxy: none, unless given.
    package var proxies = ProxyRules.none
    /// What finds the addresses of a name, made anew for each connection; as the system does it, unless given.
    package var resolver: (@Sendable (any EventLoop) -> any Resolver & Sendable)?

    /// The defaults, to be changed one by one.
    package init() {}
}
