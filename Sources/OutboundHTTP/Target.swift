internal import NIOCore

/// What a request is sent to: the parts of an `http` or `https` URL.
package struct Target: Sendable, Hashable {
    package let isSecure: Bool
    /// A name or an address, in lower case; IPv6 without its brackets.
    package let host: String
    package let port: Int
    /// Path and query, beginning with a slash.
    package let path: String

    /// Takes a URL apart.
    ///
    /// - Parameter url: Absolute and in ASCII, as it is sent: percent-encoded, names in Punycode, no user, no fragment.
    package init(_ url: String) throws(InvalidTarget) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .notASCII }
        let scheme = url.prefix { $0 != ":" }
        switch scheme.lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: throw .scheme
        }
        let afterScheme = url[scheme.endIndex...]
        guard afterScheme.hasPrefix("://") else { throw .scheme }
        let rest = afterScheme.dropFirst(3)
        guard !rest.contains("#") else { throw .fragment }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard !authority.contains("@") else { throw .user }
        (host, port) = try Self.split(authority, defaultPort: isSecure ? 443 : 80)
        let path = rest[authority.endIndex...]
        self.path = path.hasPrefix("/") ? String(path) : "/" + path
    }

    /// Host and port as they stand in a URL and in a `host` header; a port that goes without saying is left out.
    var authority: String {
        port == (isSecure ? 443 : 80) ? bracketedHost : "\(bracketedHost):\(port)"
    }

    /// Host and port, as `CONNECT` names them.
    var hostAndPort: String { "\(bracketedHost):\(port)" }

    private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

    /// Splits what stands between a URL's `//` and its path.
    static func split(
        _ authority: some StringProtocol,
        defaultPort: Int
    ) throws(InvalidTarget) -> (host: String, port: Int) {
        let host: String
        let afterHost: String
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = String(authority[..<end].dropFirst())
            afterHost = String(authority[end...].dropFirst())
            guard host.contains(":"), (try? SocketAddress(ipAddress: host, port: 0)) != nil else { throw .host }
        } else {
            let name = authority.prefix { $0 != ":" }
            host = String(name)
            afterHost = String(authority[name.endIndex...])
            guard !host.isEmpty, host.utf8.count <= 253, host.utf8.allSatisfy(isNameByte) else { throw .host }
        }
        if afterHost.isEmpty || afterHost == ":" { return (host.lowercased(), defaultPort) }
        guard afterHost.hasPrefix(":"), afterHost.utf8.dropFirst().allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else {
            throw .host
        }
        guard let port = Int(afterHost.dropFirst()), (1...65_535).contains(port) else { throw .port }
        return (host.lowercased(), port)
    }

    /// Whether a byte can stand in a host name: what names are made of, and the underscore that some networks use.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// Why a text is no URL that a request can be sent to.
package enum InvalidTarget: Error, Sendable, Hashable {
    case notASCII
    case scheme
    case user
    case fragment
    case host
    case port
}
