internal import NIOCore

/// Which calls go through which proxy, as the environment says.
///
/// | variable | what it names |
/// | --- | --- |
/// | `http_proxy` | the proxy of `http` URLs; only in lower case, since `HTTP_PROXY` can be a header of a CGI request |
/// | `https_proxy`, `HTTPS_PROXY` | the proxy of `https` URLs, through a tunnel |
/// | `all_proxy`, `ALL_PROXY` | the proxy of URLs that have no other |
/// | `no_proxy`, `NO_PROXY` | who is called directly: ``ProxyExceptions`` |
///
/// Where both are set, lower case counts. An empty variable is none. This machine itself is always called directly.
package struct ProxyRules: Sendable, Hashable {
    /// Calls everybody directly.
    package static let none = ProxyRules(environment: [:])

    private enum Setting: Sendable, Hashable {
        case direct
        case proxy(Proxy)
        case invalid(variable: String)
    }

    private let plain: Setting
    private let secure: Setting
    private let exceptions: ProxyExceptions

    package init(environment: [String: String]) {
        func setting(_ names: [String]) -> Setting {
            for name in names {
                guard let text = environment[name], !text.isEmpty else { continue }
                return Proxy(text).map { .proxy($0) } ?? .invalid(variable: name)
            }
            return .direct
        }
        plain = setting(["http_proxy", "all_proxy", "ALL_PROXY"])
        secure = setting(["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
        exceptions = ProxyExceptions(environment["no_proxy"] ?? environment["NO_PROXY"] ?? "")
    }

    /// The proxy for a target; `nil` when it is called directly.
    ///
    /// - Throws: When the variable that decides names no proxy that can be used.
    package func proxy(for target: Target) throws(InvalidRequest) -> Proxy? {
        if exceptions.contain(host: target.host, port: target.port) { return nil }
        switch target.isSecure ? secure : plain {
        case .direct: return nil
        case .proxy(let proxy): return proxy
        case .invalid(let variable): throw .proxy(variable: variable)
        }
    }
}
