extension JSON {
    /// How deep the values may be nested that the service reads itself.
    package static let maximumDepth = 64

    /// Reads a JSON text.
    ///
    /// - Throws: What is wrong with the text, or that it is nested deeper than `maximumDepth`.
    package init(parsing text: [UInt8], maximumDepth: Int = JSON.maximumDepth) throws(JSONSyntaxError) {
        try self.init(parsing: text, in: text.indices, maximumDepth: maximumDepth)
    }

    init(
        parsing text: [UInt8],
        in range: Range<Int>,
        maximumDepth: Int = JSON.maximumDepth
    ) throws(JSONSyntaxError) {
        self = try text.withUnsafeBufferPointer { (buffer) throws(JSONSyntaxError) in
            var cursor = JSONCursor(UnsafeRawBufferPointer(buffer), in: range, maximumDepth: maximumDepth)
            let value = try JSON(from: &cursor)
            try cursor.finish()
            return value
        }
    }

    /// Reads the value that comes next; recurses, no deeper than the cursor lets it.
    init(from cursor: inout JSONCursor) throws(JSONSyntaxError) {
        switch try cursor.peek() {
        case .null:
            _ = try cursor.skipValue()
            self = .null
        case .true, .false:
            let range = try cursor.skipValue()
            self = .bool(cursor.bytes[range.lowerBound] == UInt8(ascii: "t"))
        case .number:
            let range = try cursor.skipValue()
            self = .number(String(decoding: cursor.bytes[range], as: UTF8.self))
        case .string:
            let range = try cursor.skipValue()
            self = .string(JSONText.string(cursor.bytes, range.lowerBound + 1..<range.upperBound - 1))
        case .array:
            var elements: [JSON] = []
            var isMore = try cursor.enterArray()
            while isMore {
                elements.append(try JSON(from: &cursor))
                isMore = try cursor.nextElement()
            }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            var isMore = try cursor.enterObject()
            while isMore {
                let name = try cursor.key()
                members.append(Member(JSONText.string(cursor.bytes, name), try JSON(from: &cursor)))
                isMore = try cursor.nextMember()
            }
            self = .object(members)
        }
    }
}
