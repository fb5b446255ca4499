/// Which texts JavaScript can make its types of.
enum RichValue {
    /// Whether a JSON number is an integer to JavaScript, which reads it as a double: `1.0` and `1e3` are.
    static func isInteger(_ number: UnsafeRawBufferPointer) -> Bool {
        guard let value = Double(String(decoding: number, as: UTF8.self)) else { return false }
        return value.isFinite && value.rounded() == value
    }

    /// Whether `BigInt(text)` succeeds: decimal with a sign or without, hexadecimal, octal, binary, or blank, which is 0.
    static func isBigInt(_ text: String) -> Bool {
        var scalars = Substring(text).unicodeScalars
        while let first = scalars.first, isWhitespace(first) { scalars.removeFirst() }
        while let last = scalars.last, isWhitespace(last) { scalars.removeLast() }
        var digits = Substring(scalars).utf8
        guard !digits.isEmpty else { return true }
        var radix: UInt8 = 10
        if digits.first == UInt8(ascii: "0"), let letter = digits.dropFirst().first {
            switch letter | 0x20 {
            case UInt8(ascii: "x"): radix = 16
            case UInt8(ascii: "o"): radix = 8
            case UInt8(ascii: "b"): radix = 2
            default: break
            }
        }
        if radix != 10 {
            digits = digits.dropFirst(2)
        } else if digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") {
            digits = digits.dropFirst()
        }
        return !digits.isEmpty && digits.allSatisfy { byte in JSONText.hexValue(byte).map { $0 < radix } ?? false }
    }

    /// Whether a text has the form `/source/flags`, with flags that exist.
    ///
    /// The source is not looked at: whether it is a valid pattern only JavaScript's own parser can say.
    static func isRegExp(_ text: String) -> Bool {
        let scalars = text.unicodeScalars
        guard scalars.first == "/", let end = scalars.lastIndex(of: "/"), end > scalars.startIndex else { return false }
        let lineEnds: Set<Unicode.Scalar> = ["\n", "\r", "\u{2028}", "\u{2029}"]
        guard !scalars[..<end].contains(where: lineEnds.contains) else { return false }
        let flags = Array(scalars[scalars.index(after: end)...])
        return flags.allSatisfy { "dgimsuvy".unicodeScalars.contains($0) } && Set(flags).count == flags.count
            && !(flags.contains("u") && flags.contains("v"))
    }

    /// Whether `new URL(text)` succeeds, as far as scheme, host and port tell.
    ///
    /// Hosts are checked for emptiness and forbidden characters; punycode and the many ways to write an IPv4 address are
    /// left to the reader.
    static func isURL(_ text: String) -> Bool {
        // Browsers drop these wherever they stand.
        var rest = Substring(text.unicodeScalars.filter { !["\t", "\n", "\r"].contains($0) }.map(String.init).joined())
        while let first = rest.unicodeScalars.first, first.value <= 0x20 { rest.unicodeScalars.removeFirst() }
        guard let colon = rest.utf8.firstIndex(of: UInt8(ascii: ":")) else { return false }
        let scheme = rest[..<colon].lowercased().utf8
        guard let first = scheme.first, UInt8(ascii: "a")...UInt8(ascii: "z") ~= first,
            scheme.allSatisfy({ byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                    || [UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ".")].contains(byte)
            })
        else { return false }
        guard ["http", "https", "ws", "wss", "ftp"].contains(String(decoding: scheme, as: UTF8.self)) else {
            return true
        }
        let afterSlashes = rest[rest.utf8.index(after: colon)...].utf8.drop { $0 == slash || $0 == backslash }
        let authority = afterSlashes.prefix { ![slash, backslash, UInt8(ascii: "?"), UInt8(ascii: "#")].contains($0) }
        let hostAndPort =
            authority.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false).last ?? authority
        return isHostAndPort(hostAndPort)
    }

    private static let slash = UInt8(ascii: "/")
    private static let backslash = UInt8(ascii: "\\")

    private static func isHostAndPort(_ text: Substring.UTF8View.SubSequence) -> Bool {
        let host: Substring.UTF8View.SubSequence
        let port: Substring.UTF8View.SubSequence
        if text.first == UInt8(ascii: "["), let bracket = text.firstIndex(of: UInt8(ascii: "]")) {
            host = text[text.index(after: text.startIndex)..<bracket]
            port = text[text.index(after: bracket)...]
            guard host.contains(UInt8(ascii: ":")),
                host.allSatisfy({ byte in
                    JSONText.hexValue(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
                })
            else { return false }
        } else {
            let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
            host = text[..<colon]
            port = text[colon...]
            let forbidden = Array(" #/<>?@[\\]^|".utf8)
            guard !host.isEmpty, host.allSatisfy({ $0 >= 0x20 && $0 != 0x7F && !forbidden.contains($0) }) else {
                return false
            }
        }
        guard let colon = port.first else { return true }
        let digits = port.dropFirst()
        guard colon == UInt8(ascii: ":"), digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return false }
        let number = String(decoding: digits.drop { $0 == UInt8(ascii: "0") }, as: UTF8.self)
        return number.isEmpty || UInt16(number) != nil
    }

    /// What JavaScript trims.
    private static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x20, 0xA0, 0x1680, 0x2000...0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF: true
        default: false
        }
    }
}
