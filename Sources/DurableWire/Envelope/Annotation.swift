/// One item of `meta`: the type of the value at a path.
///
/// Keeps where code and path stand in the text, so that they can be written again as they were.
struct Annotation: Sendable {
    /// One step of a path: a member's name or an element's index, which are the same to JavaScript.
    struct Step: Sendable {
        let text: Range<Int>
        let key: [UInt8]
    }

    /// `nil` is a code that readers ignore.
    let type: RichType?
    let code: Range<Int>
    let path: [Step]
    /// Its index in `meta`.
    let index: Int
}

extension Annotation {
    /// How many annotations and path steps are read, together.
    static let limit = 500_000

    /// Reads the value of `meta`, which the cursor stands before.
    ///
    /// As the real reader, which only iterates: an item that is a number, a boolean or a text of one character says
    /// nothing; so does a text in place of the list. (A longer text would be read as a path of its characters, an object
    /// by its members `0` and `length`. Nobody writes that; it is refused.)
    static func list(from cursor: inout JSONCursor) throws(JSONSyntaxError) -> Result<[Annotation], MalformedBody> {
        switch try cursor.peek() {
        case .array: break
        case .null, .string: return .success([])
        case .true, .false, .number, .object: return .failure(.metaIsNoList)
        }
        var annotations: [Annotation] = []
        var budget = limit
        var index = 0
        var isMore = try cursor.enterArray()
        while isMore {
            switch try item(from: &cursor, index: index) {
            case .annotation(let annotation):
                annotations.append(annotation)
                budget -= 1 + annotation.path.count
            case .nothing: budget -= 1
            case .malformed: return .failure(.annotation(index: index, .malformed))
            }
            if budget < 0 { return .failure(.tooManyAnnotations(limit: limit)) }
            index += 1
            isMore = try cursor.nextElement()
        }
        return .success(annotations)
    }

    private enum Item {
        case annotation(Annotation)
        case nothing
        case malformed
    }

    private static func item(from cursor: inout JSONCursor, index: Int) throws(JSONSyntaxError) -> Item {
        switch try cursor.peek() {
        case .array: break
        case .number, .true, .false:
            _ = try cursor.skipValue()
            return .nothing
        case .string:
            return try cursor.skipValue().count <= 3 ? .nothing : .malformed
        case .null, .object: return .malformed
        }
        guard try cursor.enterArray() else { return .nothing }
        let isNumber = try cursor.peek() == .number
        let code = try cursor.skipValue()
        let number = isNumber ? Double(String(decoding: cursor.bytes[code], as: UTF8.self)) : nil
        let type = number.flatMap { Int(exactly: $0) }.flatMap(RichType.init(rawValue:))
        var path: [Step] = []
        while try cursor.nextElement() {
            guard let step = try step(from: &cursor) else { return .malformed }
            // No value is nested deeper: the path leads nowhere, and need not be kept.
            guard path.count < Envelope.readDepth else { return .malformed }
            path.append(step)
        }
        return .annotation(Annotation(type: type, code: code, path: path, index: index))
    }

    private static func step(from cursor: inout JSONCursor) throws(JSONSyntaxError) -> Step? {
        let kind = try cursor.peek()
        let text = try cursor.skipValue()
        switch kind {
        case .string:
            return Step(text: text, key: JSONText.key(cursor.bytes, text.lowerBound + 1..<text.upperBound - 1))
        case .number:
            return Step(text: text, key: JSONNumber.key(ofNumber: String(decoding: cursor.bytes[text], as: UTF8.self)))
        case .null, .true, .false: return Step(text: text, key: Array(cursor.bytes[text]))
        case .array, .object: return nil
        }
    }
}
