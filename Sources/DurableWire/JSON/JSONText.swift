/// The characters of JSON strings: reading them out of a text, and writing them into one.
enum JSONText {
    /// A string's characters as bytes that are equal exactly when JavaScript's strings are.
    ///
    /// UTF-8, and for a surrogate without its partner, which UTF-8 cannot say, the three bytes that it would have.
    ///
    /// - Parameter range: Where the string stands in a text that a ``JSONCursor`` has stepped over, without its quotes.
    static func key(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var unit = codeUnit(bytes, at: index + 2)
                index += 4
                if 0xD800...0xDBFF ~= unit, index + 8 <= range.upperBound, bytes[index + 2] == UInt8(ascii: "\\"),
                    bytes[index + 3] == UInt8(ascii: "u")
                {
                    let low = codeUnit(bytes, at: index + 4)
                    if 0xDC00...0xDFFF ~= low {
                        unit = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
                        index += 6
                    }
                }
                append(unit, to: &result)
            default: result.append(bytes[index + 1])
            }
            index += 2
        }
        return result
    }

    /// A string's characters; U+FFFD stands for what is no Unicode, a surrogate without its partner.
    static func string(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard text.contains(UInt8(ascii: "\\")) else { return String(decoding: text, as: UTF8.self) }
        return String(decoding: replacingLoneSurrogates(key(bytes, range)), as: UTF8.self)
    }

    /// The characters of a string that is all there is, its quotes included.
    static func string(inQuotes text: UnsafeRawBufferPointer) -> String {
        string(text, 1..<text.count - 1)
    }

    /// Whether a string is that one.
    static func matches(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ name: StaticString) -> Bool {
        let text = UnsafeRawBufferPointer(rebasing: bytes[range])
        let expected = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        if text.contains(UInt8(ascii: "\\")) { return key(bytes, range).elementsEqual(expected) }
        return text.elementsEqual(expected)
    }

    /// Writes a string with its quotes, escaped as `JSON.stringify` does it.
    static func write(_ string: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output.append(contentsOf: #"\""#.utf8)
            case UInt8(ascii: "\\"): output.append(contentsOf: #"\\"#.utf8)
            case 0x08: output.append(contentsOf: #"\b"#.utf8)
            case 0x0C: output.append(contentsOf: #"\f"#.utf8)
            case 0x0A: output.append(contentsOf: #"\n"#.utf8)
            case 0x0D: output.append(contentsOf: #"\r"#.utf8)
            case 0x09: output.append(contentsOf: #"\t"#.utf8)
            case 0..<0x20:
                output.append(contentsOf: #"\u00"#.utf8)
                output.append(hexDigit(byte >> 4))
                output.append(hexDigit(byte & 0xF))
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// The value of a hexadecimal digit of either case.
    static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func codeUnit(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 << 4 | UInt32(hexValue(bytes[index + $1]) ?? 0) }
    }

    private static func append(_ unit: UInt32, to bytes: inout [UInt8]) {
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(0x80 | (unit >> shift & 0x3F)) }
        switch unit {
        case 0..<0x80: bytes.append(UInt8(unit))
        case 0x80..<0x800: bytes += [UInt8(0xC0 | unit >> 6), continuation(0)]
        case 0x800..<0x10000: bytes += [UInt8(0xE0 | unit >> 12), continuation(6), continuation(0)]
        default: bytes += [UInt8(0xF0 | unit >> 18), continuation(12), continuation(6), continuation(0)]
        }
    }

    /// One U+FFFD for each, where decoding the three bytes as UTF-8 would give three.
    private static func replacingLoneSurrogates(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        for index in bytes.indices.dropLast(2) where bytes[index] == 0xED && bytes[index + 1] >= 0xA0 {
            bytes.replaceSubrange(index...index + 2, with: [0xEF, 0xBF, 0xBD])
        }
        return bytes
    }
}
