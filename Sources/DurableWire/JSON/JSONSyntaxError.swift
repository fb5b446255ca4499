/// What keeps a text from being JSON, and where.
package struct JSONSyntaxError: Error, Sendable, Hashable {
    package enum Problem: Sendable, Hashable {
        /// The text ends where something was expected.
        case unexpectedEnd(expected: String)
        /// Another byte stands where something was expected.
        case unexpectedByte(expected: String)
        /// A character below U+0020 stands in a string; JSON wants it escaped.
        case controlCharacter
        /// A backslash is not followed by one of JSON's escapes.
        case invalidEscape
        /// The bytes are not UTF-8.
        case invalidUTF8
        /// More than `limit` objects and arrays stand in each other.
        case tooDeep(limit: Int)
        /// More follows after the value.
        case trailingBytes
    }

    package let problem: Problem
    /// The byte that the problem was noticed at, counted from 0.
    package let offset: Int

    package init(_ problem: Problem, at offset: Int) {
        self.problem = problem
        self.offset = offset
    }
}

extension JSONSyntaxError: CustomStringConvertible {
    /// Never quotes the text: it may be somebody's payload.
    package var description: String {
        switch problem {
        case .unexpectedEnd(let expected): "JSON ends at byte \(offset) where \(expected) was expected"
        case .unexpectedByte(let expected): "\(expected) was expected at byte \(offset) of the JSON"
        case .controlCharacter: "unescaped control character in a string at byte \(offset) of the JSON"
        case .invalidEscape: "invalid escape in a string at byte \(offset) of the JSON"
        case .invalidUTF8: "invalid UTF-8 at byte \(offset) of the JSON"
        case .tooDeep(let limit): "JSON nested deeper than \(limit) levels at byte \(offset)"
        case .trailingBytes: "text after the end of the JSON at byte \(offset)"
        }
    }
}
