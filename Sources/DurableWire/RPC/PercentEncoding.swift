/// Percent-encoding as JavaScript does it: upper-case hexadecimal digits of the UTF-8.
package enum PercentEncoding {
    /// What `encodeURIComponent` makes of a text.
    package static func encodeComponent(_ text: String) -> String {
        String(decoding: encode(text.utf8, leaving: isComponentCharacter), as: UTF8.self)
    }

    static func encode(_ text: some Sequence<UInt8>, leaving isLeft: (UInt8) -> Bool) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text {
            if isLeft(byte) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0xF)]]
            }
        }
        return result
    }

    private static func isComponentCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_.!~*'()".utf8.contains(byte)
        }
    }

    /// What may stand in a URL's path as it is, a percent sign included.
    static func isPathCharacter(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"\"#<>?`{}^".utf8.contains(byte)
    }
}
