package import DurableCore

/// oRPC's envelope: the body `{"json": …, "meta": …}` around a value.
package struct Envelope: Sendable {
    package let value: WireValue
    /// Whether the body was an object with no other members than `json` and `meta`: what an oRPC peer sends.
    package let isExact: Bool

    /// How many objects and arrays may stand in each other in a body whose value is to be kept, its own object included.
    package static let keptDepth = 1000

    /// How many may in any other body: what was kept comes back inside of records, and these inside of others.
    package static let readDepth = 2 * keptDepth

    /// Reads a body: checks all of it, and keeps where the value stands.
    ///
    /// As lenient as the real reader, which looks for the members of whatever the body is: an empty body, `5`, `[]` and
    /// `{"n": 1}` all carry `undefined`. A byte order mark at the start is passed over.
    package init(_ body: [UInt8], maximumDepth: Int = readDepth) throws(MalformedBody) {
        let layout: Layout
        do throws(JSONSyntaxError) {
            layout = try Layout(body, maximumDepth: maximumDepth)
        } catch {
            throw .syntax(error)
        }
        if layout.isNull { throw .null }
        let annotations = try layout.annotations.get()
        if !annotations.isEmpty {
            try Self.check(annotations, of: body, json: layout.json)
        }
        isExact = layout.isExact
        value = WireValue(bytes: body, range: layout.json, meta: layout.meta, annotations: annotations)
    }

    /// Applies the annotations in their order, without building anything.
    private static func check(_ annotations: [Annotation], of body: [UInt8], json: Range<Int>?) throws(MalformedBody) {
        try body.withUnsafeBufferPointer { (buffer) throws(MalformedBody) in
            let bytes = UnsafeRawBufferPointer(buffer)
            var tree = AnnotatedTree(annotations)
            if let json {
                var cursor = JSONCursor(bytes, in: json)
                do throws(JSONSyntaxError) {
                    try tree.find(from: &cursor)
                } catch {
                    throw .syntax(error)
                }
            }
            for annotation in annotations {
                if let problem = tree.apply(annotation, bytes) {
                    throw .annotation(index: annotation.index, problem)
                }
            }
        }
    }

    /// The body that carries a value, from its bytes as they are; `{}` when it is `undefined`.
    package static func encode(_ payload: Payload) -> [UInt8] {
        Array(parts(of: payload).joined())
    }

    /// The same body in parts, one after the other, of which those of the value are not copied.
    package static func parts(of payload: Payload) -> [[UInt8]] {
        guard let json = payload.json else { return [empty] }
        guard let meta = payload.meta else { return [beforeValue, json, end] }
        return [beforeValue, json, beforeMeta, meta, end]
    }

    private static let empty = Array("{}".utf8)
    private static let beforeValue = Array(#"{"json":"#.utf8)
    private static let beforeMeta = Array(#","meta":"#.utf8)
    private static let end = Array("}".utf8)
}

/// Where the parts of a body stand.
private struct Layout {
    var isNull = false
    var isExact = false
    var json: Range<Int>?
    var meta: Range<Int>?
    var annotations: Result<[Annotation], MalformedBody> = .success([])

    init(_ body: [UInt8], maximumDepth: Int) throws(JSONSyntaxError) {
        guard !body.isEmpty else { return }
        try body.withUnsafeBufferPointer { (buffer) throws(JSONSyntaxError) in
            let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
            let start = buffer.starts(with: byteOrderMark) ? byteOrderMark.count : 0
            var cursor = JSONCursor(
                UnsafeRawBufferPointer(buffer),
                in: start..<buffer.count,
                maximumDepth: maximumDepth
            )
            let kind = try cursor.peek()
            isNull = kind == .null
            isExact = kind == .object
            guard kind == .object else {
                _ = try cursor.skipValue()
                return try cursor.finish()
            }
            var isMore = try cursor.enterObject()
            while isMore {
                let name = try cursor.key()
                let value = try cursor.skipValue()
                if JSONText.matches(cursor.bytes, name, "json") {
                    json = value
                } else if JSONText.matches(cursor.bytes, name, "meta") {
                    meta = value
                } else {
                    isExact = false
                }
                isMore = try cursor.nextMember()
            }
            try cursor.finish()
            if let meta {
                var reader = JSONCursor(cursor.bytes, in: meta)
                annotations = try Annotation.list(from: &reader)
            }
        }
    }
}
