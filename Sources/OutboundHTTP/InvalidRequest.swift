/// Why requests to a URL cannot be sent.
package enum InvalidRequest: Error, Sendable, Hashable {
    case target(InvalidTarget)
    /// A header that cannot be sent; never contains its value.
    case header(name: String)
    /// An environment variable names no proxy that can be used.
    case proxy(variable: String)
    /// TLS cannot be set up: the trust roots cannot be read, for instance.
    case tls(reason: String)
}

extension InvalidRequest: CustomStringConvertible {
    package var description: String {
        switch self {
        case .target(let problem): "the URL cannot be called: \(problem)"
        case .header(let name): "the header \(name) cannot be sent: its name or its value is not valid"
        case .proxy(let variable):
            "the environment variable \(variable) names no proxy that can be used; "
                + "expected something like http://proxy.example.com:3128"
        case .tls(let reason): "TLS cannot be set up: \(reason)"
        }
    }
}
