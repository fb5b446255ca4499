/// A position in a JSON text, and the steps that can be taken from there.
///
/// Everything that is stepped over is checked: grammar, UTF-8, depth. What it is, where it begins and ends is all that is
/// learnt: values are not built. The bytes belong to the caller and must outlive the cursor.
struct JSONCursor {
    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    private let end: Int
    private var depth = 0
    private let maximumDepth: Int

    /// - Parameter maximumDepth: How many objects and arrays may stand in each other; any number of them in a text that
    ///   has been scanned before, for no step recurses.
    init(_ bytes: UnsafeRawBufferPointer, in range: Range<Int>? = nil, maximumDepth: Int = .max) {
        self.bytes = bytes
        self.position = range?.lowerBound ?? 0
        self.end = range?.upperBound ?? bytes.count
        self.maximumDepth = maximumDepth
    }

    // MARK: Steps

    /// What kind of value comes next.
    @inline(__always)
    mutating func peek() throws(JSONSyntaxError) -> JSONKind {
        switch try nextByte(expecting: "a value") {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"): return .true
        case UInt8(ascii: "f"): return .false
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw JSONSyntaxError(.unexpectedByte(expected: "a value"), at: position)
        }
    }

    /// Steps into the object that comes next; tells whether it has members.
    @inline(__always)
    mutating func enterObject() throws(JSONSyntaxError) -> Bool {
        try enter(UInt8(ascii: "{"), "'{'")
        if try nextByte(expecting: "a member or '}'") == UInt8(ascii: "}") {
            leave()
            return false
        }
        return true
    }

    /// Steps over a member's name and the colon after it; returns where the name stands, without its quotes.
    @inline(__always)
    mutating func key() throws(JSONSyntaxError) -> Range<Int> {
        guard try nextByte(expecting: "a member's name") == UInt8(ascii: "\"") else {
            throw JSONSyntaxError(.unexpectedByte(expected: "a member's name in quotes"), at: position)
        }
        let key = try skipString()
        guard try nextByte(expecting: "':'") == UInt8(ascii: ":") else {
            throw JSONSyntaxError(.unexpectedByte(expected: "':'"), at: position)
        }
        position += 1
        return key
    }

    /// Steps over what follows a member's value; tells whether another member comes.
    @inline(__always)
    mutating func nextMember() throws(JSONSyntaxError) -> Bool {
        switch try nextByte(expecting: "',' or '}'") {
        case UInt8(ascii: ","):
            position += 1
            return true
        case UInt8(ascii: "}"):
            leave()
            return false
        default: throw JSONSyntaxError(.unexpectedByte(expected: "',' or '}'"), at: position)
        }
    }

    /// Steps into the array that comes next; tells whether it has elements.
    @inline(__always)
    mutating func enterArray() throws(JSONSyntaxError) -> Bool {
        try enter(UInt8(ascii: "["), "'['")
        if try nextByte(expecting: "a value or ']'") == UInt8(ascii: "]") {
            leave()
            return false
        }
        return true
    }

    /// Steps over what follows an element; tells whether another element comes.
    @inline(__always)
    mutating func nextElement() throws(JSONSyntaxError) -> Bool {
        switch try nextByte(expecting: "',' or ']'") {
        case UInt8(ascii: ","):
            position += 1
            return true
        case UInt8(ascii: "]"):
            leave()
            return false
        default: throw JSONSyntaxError(.unexpectedByte(expected: "',' or ']'"), at: position)
        }
    }

    /// Steps over white space; there must be nothing else left.
    mutating func finish() throws(JSONSyntaxError) {
        skipWhitespace()
        guard position == end else { throw JSONSyntaxError(.trailingBytes, at: position) }
    }

    /// Steps over the value that comes next, whatever it is; returns where it stands.
    ///
    /// Does not recurse: which containers are open is one bit each, 64 of them in a word, so that usual documents are
    /// scanned without an allocation.
    mutating func skipValue() throws(JSONSyntaxError) -> Range<Int> {
        skipWhitespace()
        let start = position
        var open = OpenContainers()
        while true {
            switch try peek() {
            case .object:
                if try enterObject() {
                    open.push(isObject: true)
                    _ = try key()
                    continue
                }
            case .array:
                if try enterArray() {
                    open.push(isObject: false)
                    continue
                }
            case .string: _ = try skipString()
            case .number: try skipNumber()
            case .true: try skipLiteral("true")
            case .false: try skipLiteral("false")
            case .null: try skipLiteral("null")
            }
            // A value has ended; so have all containers that it was the last value of.
            while true {
                guard !open.isEmpty else { return start..<position }
                if open.innermostIsObject {
                    if try nextMember() {
                        _ = try key()
                        break
                    }
                } else if try nextElement() {
                    break
                }
                open.pop()
            }
        }
    }

    // MARK: Tokens

    @inline(__always)
    private mutating func skipWhitespace() {
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    @inline(__always)
    private mutating func nextByte(expecting expected: @autoclosure () -> String) throws(JSONSyntaxError) -> UInt8 {
        if position < end, bytes[position] > UInt8(ascii: " ") { return bytes[position] }
        skipWhitespace()
        guard position < end else { throw JSONSyntaxError(.unexpectedEnd(expected: expected()), at: end) }
        return bytes[position]
    }

    @inline(__always)
    private mutating func enter(
        _ bracket: UInt8,
        _ name: @autoclosure () -> String
    ) throws(JSONSyntaxError) {
        guard try nextByte(expecting: name()) == bracket else {
            throw JSONSyntaxError(.unexpectedByte(expected: name()), at: position)
        }
        guard depth < maximumDepth else { throw JSONSyntaxError(.tooDeep(limit: maximumDepth), at: position) }
        depth += 1
        position += 1
    }

    @inline(__always)
    private mutating func leave() {
        depth -= 1
        position += 1
    }

    private mutating func skipLiteral(_ literal: StaticString) throws(JSONSyntaxError) {
        let count = literal.utf8CodeUnitCount
        for index in 0..<count {
            guard position + index < end else {
                throw JSONSyntaxError(.unexpectedEnd(expected: "the rest of '\(literal)'"), at: end)
            }
            guard bytes[position + index] == literal.utf8Start[index] else {
                throw JSONSyntaxError(.unexpectedByte(expected: "the rest of '\(literal)'"), at: position + index)
            }
        }
        position += count
    }

    @inline(__always)
    private mutating func skipNumber() throws(JSONSyntaxError) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < end, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits()
        }
        if position < end, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if position < end, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < end, bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") {
                position += 1
            }
            try skipDigits()
        }
    }

    @inline(__always)
    private mutating func skipDigits() throws(JSONSyntaxError) {
        let start = position
        while position < end, bytes[position] &- UInt8(ascii: "0") < 10 { position += 1 }
        guard position > start else {
            guard position < end else { throw JSONSyntaxError(.unexpectedEnd(expected: "a digit"), at: end) }
            throw JSONSyntaxError(.unexpectedByte(expected: "a digit"), at: position)
        }
    }

    /// Steps over the string that begins here; returns where its characters stand, without the quotes.
    @inline(__always)
    private mutating func skipString() throws(JSONSyntaxError) -> Range<Int> {
        let start = position + 1
        var index = start
        while true {
            // Eight bytes at a time, to the next one that is not simply a character.
            while index + 8 <= end {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                let marks = Self.specialBytes(of: word)
                guard marks == 0 else {
                    index += marks.trailingZeroBitCount / 8
                    break
                }
                index += 8
            }
            guard index < end else { throw JSONSyntaxError(.unexpectedEnd(expected: "the end of a string"), at: end) }
            switch bytes[index] {
            case UInt8(ascii: "\""):
                position = index + 1
                return start..<index
            case UInt8(ascii: "\\"): index = try escapeEnd(at: index)
            case 0..<0x20: throw JSONSyntaxError(.controlCharacter, at: index)
            case 0x80...:
                repeat {
                    index = try characterEnd(at: index)
                } while index < end && bytes[index] >= 0x80
            default: index += 1
            }
        }
    }

    /// Marks (with its high bit) each byte that ends, escapes or spoils a string, or is not ASCII; only the lowest mark
    /// is exact.
    @inline(__always)
    private static func specialBytes(of word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highBits: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let matches =
            ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes) | ((word &- (ones &* 0x20)) & ~word)
        return (matches | word) & highBits
    }

    private func escapeEnd(at index: Int) throws(JSONSyntaxError) -> Int {
        guard index + 1 < end else { throw JSONSyntaxError(.unexpectedEnd(expected: "the end of a string"), at: end) }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            for digit in index + 2..<index + 6 {
                guard digit < end else {
                    throw JSONSyntaxError(.unexpectedEnd(expected: "the end of a string"), at: end)
                }
                guard JSONText.hexValue(bytes[digit]) != nil else { throw JSONSyntaxError(.invalidEscape, at: index) }
            }
            return index + 6
        default: throw JSONSyntaxError(.invalidEscape, at: index)
        }
    }

    /// The end of the character of two to four bytes that begins here; the ranges are those of RFC 3629.
    private func characterEnd(at index: Int) throws(JSONSyntaxError) -> Int {
        let second: ClosedRange<UInt8>
        let count: Int
        switch bytes[index] {
        case 0xC2...0xDF: (second, count) = (0x80...0xBF, 2)
        case 0xE0: (second, count) = (0xA0...0xBF, 3)
        case 0xED: (second, count) = (0x80...0x9F, 3)
        case 0xE1...0xEF: (second, count) = (0x80...0xBF, 3)
        case 0xF0: (second, count) = (0x90...0xBF, 4)
        case 0xF1...0xF3: (second, count) = (0x80...0xBF, 4)
        case 0xF4: (second, count) = (0x80...0x8F, 4)
        default: throw JSONSyntaxError(.invalidUTF8, at: index)
        }
        guard index + count <= end, second.contains(bytes[index + 1]) else {
            throw JSONSyntaxError(.invalidUTF8, at: index)
        }
        for continuation in index + 2..<index + max(2, count) where bytes[continuation] & 0xC0 != 0x80 {
            throw JSONSyntaxError(.invalidUTF8, at: index)
        }
        return index + count
    }
}

/// The kinds of value that JSON knows.
enum JSONKind {
    case null
    case `true`
    case `false`
    case number
    case string
    case array
    case object
}

/// Which containers are open, the innermost last: a stack of bits.
private struct OpenContainers {
    private var innermost: UInt64 = 0
    private var outer: [UInt64] = []
    private var count = 0

    var isEmpty: Bool { count == 0 }
    var innermostIsObject: Bool { innermost & 1 == 1 }

    @inline(__always)
    mutating func push(isObject: Bool) {
        if count > 0, count & 63 == 0 { outer.append(innermost) }
        innermost = innermost << 1 | (isObject ? 1 : 0)
        count += 1
    }

    @inline(__always)
    mutating func pop() {
        innermost >>= 1
        count -= 1
        if count & 63 == 0, let word = outer.popLast() { innermost = word }
    }
}
