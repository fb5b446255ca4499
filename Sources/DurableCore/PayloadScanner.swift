/// Walks JSON text that is known to be well formed: a payload's, whose bytes were checked when they came in.
///
/// Reads no more than the engine itself has to understand; everything else is copied as it is.
struct PayloadScanner {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        position = bytes.startIndex
    }

    /// The members of an object, the last of a name counting; `nil` if this is no object.
    mutating func members() -> [String: ArraySlice<UInt8>]? {
        guard next() == UInt8(ascii: "{") else { return nil }
        position += 1
        var members: [String: ArraySlice<UInt8>] = [:]
        while let byte = next(), byte != UInt8(ascii: "}") {
            if byte == UInt8(ascii: ",") { position += 1 }
            guard next() != nil else { break }
            let name = value()
            guard next() == UInt8(ascii: ":") else { break }
            position += 1
            guard next() != nil, let text = Self.text(name) else { break }
            members[text] = value()
        }
        return members
    }

    /// The elements of an array; `nil` if this is none.
    mutating func elements() -> [ArraySlice<UInt8>]? {
        guard next() == UInt8(ascii: "[") else { return nil }
        position += 1
        var elements: [ArraySlice<UInt8>] = []
        while let byte = next(), byte != UInt8(ascii: "]") {
            if byte == UInt8(ascii: ",") { position += 1 }
            guard next() != nil else { break }
            elements.append(value())
        }
        return elements
    }

    /// The text that a JSON string stands for; `nil` if it is no string, or one that UTF-8 cannot hold.
    static func text(_ json: ArraySlice<UInt8>) -> String? {
        guard json.count >= 2, json.first == UInt8(ascii: "\""), json.last == UInt8(ascii: "\"") else { return nil }
        var units: [UInt16] = []
        var plain: [UInt8] = []
        var text = ""
        // Escapes are UTF-16: halves of a pair must meet before they mean something.
        func flush() -> Bool {
            guard !units.isEmpty else { return true }
            defer { units = [] }
            guard let decoded = String(validating: units, as: UTF16.self) else { return false }
            text += decoded
            return true
        }
        var rest = json.dropFirst().dropLast()
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                guard flush() else { return nil }
                plain.append(byte)
                continue
            }
            text += String(decoding: plain, as: UTF8.self)
            plain = []
            guard let escape = rest.popFirst() else { return nil }
            switch escape {
            case UInt8(ascii: "u"):
                guard let unit = UInt16(String(decoding: rest.prefix(4), as: UTF8.self), radix: 16) else { return nil }
                rest = rest.dropFirst(4)
                units.append(unit)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            default: units.append(UInt16(escape))
            }
        }
        guard flush() else { return nil }
        return text + String(decoding: plain, as: UTF8.self)
    }

    /// The next byte that is no white space.
    private mutating func next() -> UInt8? {
        while position < bytes.endIndex {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return bytes[position]
            }
        }
        return nil
    }

    /// The value that begins here, with everything in it.
    private mutating func value() -> ArraySlice<UInt8> {
        let start = position
        var depth = 0
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                skipString()
                if depth == 0 { return bytes[start..<position] }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The end of what surrounds a number, `true`, `false` or `null`.
                if depth == 0 { return bytes[start..<position] }
                depth -= 1
                if depth == 0 {
                    position += 1
                    return bytes[start..<position]
                }
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0 { return bytes[start..<position] }
            default:
                break
            }
            position += 1
        }
        return bytes[start..<position]
    }

    private mutating func skipString() {
        position += 1
        while position < bytes.endIndex {
            switch bytes[position] {
            case UInt8(ascii: "\\"): position += 2
            case UInt8(ascii: "\""):
                position += 1
                return
            default: position += 1
            }
        }
        position = min(position, bytes.endIndex)
    }
}

extension Payload {
    /// The value as a text, if that is what it is.
    package var text: String? {
        guard let json, meta == nil else { return nil }
        let isSpace: (UInt8) -> Bool = { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
        let trimmed = json.drop(while: isSpace)
        guard let last = trimmed.lastIndex(where: { !isSpace($0) }) else { return nil }
        return PayloadScanner.text(trimmed[...last])
    }
}
