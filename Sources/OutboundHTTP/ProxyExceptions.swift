/// Who is called directly although there is a proxy: the entries of `no_proxy`, separated by commas or spaces.
///
/// | entry | who it means |
/// | --- | --- |
/// | `*` | everybody |
/// | `example.com` | this host and all below it: `api.example.com` |
/// | `.example.com`, `*.example.com` | all below it, not the host itself |
/// | `10.1.2.3`, `::1`, `[::1]` | this address |
/// | `10.0.0.0/8`, `fd00::/8` | these addresses |
/// | any of the names and addresses with `:8080` | the same, at this port only |
///
/// `localhost` and the loopback addresses need no entry. Case does not matter. Names are not looked up: an address is
/// compared with the URL as it is written.
struct ProxyExceptions: Sendable, Hashable {
    private enum Entry: Sendable, Hashable {
        case everybody
        case name(String, isItselfMeant: Bool, port: Int?)
        case address([UInt8], prefixLength: Int, port: Int?)
    }

    private let entries: [Entry]

    init(_ list: String) {
        entries = list.split { $0 == "," || $0 == " " || $0 == "\t" }.compactMap { Self.entry(String($0).lowercased()) }
    }

    func contain(host: String, port: Int) -> Bool {
        let host = host.hasSuffix(".") ? String(host.dropLast()) : host
        let address = IPAddress.bytes(host)
        if host == "localhost" || host.hasSuffix(".localhost") || address.map(Self.isLoopback) == true { return true }
        return entries.contains { entry in
            switch entry {
            case .everybody: true
            case .name(let name, let isItselfMeant, let entryPort):
                (entryPort == nil || entryPort == port)
                    && (host == name && isItselfMeant || host.hasSuffix("." + name)) && address == nil
            case .address(let network, let length, let entryPort):
                (entryPort == nil || entryPort == port)
                    && address.map { Self.isEqual($0, network, bits: length) } == true
            }
        }
    }

    private static func entry(_ text: String) -> Entry? {
        if text == "*" { return .everybody }
        if let slash = text.firstIndex(of: "/") {
            guard let network = IPAddress.bytes(String(text[..<slash])), let length = Int(text[slash...].dropFirst()),
                (0...network.count * 8).contains(length)
            else { return nil }
            return .address(network, prefixLength: length, port: nil)
        }
        if let bytes = IPAddress.bytes(text) { return .address(bytes, prefixLength: bytes.count * 8, port: nil) }
        let isSuffix = text.hasPrefix(".") || text.hasPrefix("*.")
        let name = text.drop { $0 == "*" }.drop { $0 == "." }
        guard let (host, port) = try? Target.split(name, defaultPort: 0) else { return nil }
        let entryPort = port == 0 ? nil : port
        if let bytes = IPAddress.bytes(host) { return .address(bytes, prefixLength: bytes.count * 8, port: entryPort) }
        return .name(host.hasSuffix(".") ? String(host.dropLast()) : host, isItselfMeant: !isSuffix, port: entryPort)
    }

    private static func isLoopback(_ address: [UInt8]) -> Bool {
        address.count == 4 ? address[0] == 127 : address == Array(repeating: 0, count: 15) + [1]
    }

    private static func isEqual(_ left: [UInt8], _ right: [UInt8], bits: Int) -> Bool {
        guard left.count == right.count else { return false }
        return left.indices.allSatisfy { index in
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> min(8, max(0, bits - index * 8)))
            return left[index] & mask == right[index] & mask
        }
    }
}
