#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// A proxy for HTTP, as an environment variable names it: `http://user:password@proxy:3128`.
package struct Proxy: Sendable, Hashable {
    /// Whether the proxy itself is spoken to over TLS.
    let isSecure: Bool
    let host: String
    let port: Int
    /// The value of `proxy-authorization`; never logged.
    let authorization: String?

    /// Reads a proxy; `nil` when the text is none, or one of another kind.
    ///
    /// As everywhere the scheme may be missing, and a path is not looked at.
    package init?(_ text: String) {
        let beforeColon = text.prefix { $0 != ":" }
        let hasScheme = text[beforeColon.endIndex...].hasPrefix("://")
        let scheme = hasScheme ? beforeColon.lowercased() : "http"
        let rest = hasScheme ? text[beforeColon.endIndex...].dropFirst(3) : text[...]
        guard scheme == "http" || scheme == "https" else { return nil }
        isSecure = scheme == "https"
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let at = authority.lastIndex(of: "@")
        let address = at.map { authority[$0...].dropFirst() } ?? authority
        guard let address = try? Target.split(address, defaultPort: isSecure ? 443 : 80) else { return nil }
        (host, port) = address
        guard let at else {
            authorization = nil
            return
        }
        let credentials = authority[..<at]
        let user = credentials.prefix { $0 != ":" }
        let password = credentials.dropFirst(user.count + 1)
        guard let user = Self.decode(user), let password = Self.decode(password) else { return nil }
        authorization = "Basic " + Data(user + ":".utf8 + password).base64EncodedString()
    }

    /// Undoes percent-encoding; `nil` when a percent sign is followed by something else than two hexadecimal digits.
    private static func decode(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }

    /// What asks the proxy for a tunnel.
    func tunnelRequest(to target: Target) -> [UInt8] {
        var request = "CONNECT \(target.hostAndPort) HTTP/1.1\r\nhost: \(target.hostAndPort)\r\n"
        if let authorization { request += "proxy-authorization: \(authorization)\r\n" }
        return Array((request + "\r\n").utf8)
    }
}

extension Proxy: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Host and port, without the credentials.
    package var description: String { "proxy \(host):\(port)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
