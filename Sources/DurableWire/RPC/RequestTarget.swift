/// The path and query of a request, as JavaScript's `URL` takes them apart.
struct RequestTarget {
    /// The path with its dot segments resolved and with what a URL cannot hold percent-encoded.
    let path: String
    private let query: Substring.UTF8View?

    init(_ target: String) {
        let parts = target.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        path = Self.normalize(parts.first ?? Substring(target).utf8)
        query = parts.count > 1 ? parts[1] : nil
    }

    /// The value of the last parameter of that name, decoded as a form is: `+` is a space.
    func lastParameter(_ name: String) -> [UInt8]? {
        guard let query else { return nil }
        for parameter in query.split(separator: UInt8(ascii: "&")).reversed() {
            let parts = parameter.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard Self.decodeForm(parts[0]) == Array(name.utf8) else { continue }
            let value = parts.count > 1 ? Self.decodeForm(parts[1]) : []
            // As URLSearchParams: what is no UTF-8 becomes U+FFFD.
            return Array(String(decoding: value, as: UTF8.self).utf8)
        }
        return nil
    }

    private static func decodeForm(_ text: Substring.UTF8View) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2).compactMap(JSONText.hexValue)
            switch byte {
            case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
            case UInt8(ascii: "%") where digits.count == 2:
                result.append(digits[0] << 4 | digits[1])
                rest = rest.dropFirst(2)
            default: result.append(byte)
            }
        }
        return result
    }

    private static func normalize(_ path: Substring.UTF8View) -> String {
        var segments: [[UInt8]] = []
        let parts = path.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }
        // Before the first slash there is nothing.
        for (index, part) in parts.enumerated().dropFirst() {
            let segment = PercentEncoding.encode(part, leaving: PercentEncoding.isPathCharacter)
            let isLast = index == parts.count - 1
            switch String(decoding: segment, as: UTF8.self).lowercased() {
            case "..", ".%2e", "%2e.", "%2e%2e":
                _ = segments.popLast()
                if isLast { segments.append([]) }
            case ".", "%2e":
                if isLast { segments.append([]) }
            default: segments.append(segment)
            }
        }
        return segments.map { "/" + String(decoding: $0, as: UTF8.self) }.joined()
    }
}
