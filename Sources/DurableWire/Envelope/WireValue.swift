package import DurableCore

/// A value out of a body: a range of its bytes, and the type annotations that belong to it.
///
/// Whoever wants to keep it takes the ``payload``, whose bytes are those that came. Objects and arrays can be taken apart,
/// and the parts keep their annotations: of `meta`'s `[1, "input", "when"]` the value of `input` sees `[1, "when"]`.
package struct WireValue: Sendable {
    /// `undefined`: what is not there.
    package static let undefined = WireValue(bytes: [], range: nil, meta: nil, annotations: [], depth: 0)

    private let bytes: [UInt8]
    private let range: Range<Int>?
    /// Where `meta` stands in the bytes, when all of it belongs to this value.
    private let meta: Range<Int>?
    /// The annotations in or on this value, in the order they are applied.
    private let annotations: [Annotation]
    /// How many steps of their paths lead to this value.
    private let depth: Int

    /// - Parameter annotations: Found to be applicable.
    init(bytes: [UInt8], range: Range<Int>?, meta: Range<Int>?, annotations: [Annotation], depth: Int = 0) {
        let becomesUndefined = annotations.last { $0.path.count == depth && $0.type != nil }?.type == .undefined
        self.bytes = bytes
        self.range = becomesUndefined ? nil : range
        self.meta = becomesUndefined ? nil : meta
        self.annotations = becomesUndefined ? [] : annotations
        self.depth = depth
    }

    /// What an annotation makes of the value as a whole; `nil` when it is plain JSON.
    package var type: RichType? {
        annotations.last { $0.path.count == depth && $0.type != nil }?.type
    }

    package var isUndefined: Bool { range == nil }

    /// The value as it is kept: its bytes as they came, and its own annotations.
    package var payload: Payload {
        guard let range else { return .undefined }
        return Payload(json: Array(bytes[range]), meta: annotations.isEmpty ? nil : metaText)
    }

    private var metaText: [UInt8] {
        if let meta { return Array(bytes[meta]) }
        var text = Array("[".utf8)
        for annotation in annotations {
            if text.count > 1 { text.append(UInt8(ascii: ",")) }
            text.append(UInt8(ascii: "["))
            text += bytes[annotation.code]
            for step in annotation.path.dropFirst(depth) {
                text.append(UInt8(ascii: ","))
                text += bytes[step.text]
            }
            text.append(UInt8(ascii: "]"))
        }
        text.append(UInt8(ascii: "]"))
        return text
    }

    // MARK: Taking apart

    /// The members, if this is an object.
    package var members: WireMembers? {
        let found = parts { (cursor) throws(JSONSyntaxError) -> [(name: [UInt8], range: Range<Int>)]? in
            guard try cursor.peek() == .object else { return nil }
            var members: [(name: [UInt8], range: Range<Int>)] = []
            var isMore = try cursor.enterObject()
            while isMore {
                let name = try cursor.key()
                members.append((JSONText.key(cursor.bytes, name), try cursor.skipValue()))
                isMore = try cursor.nextMember()
            }
            return members
        }
        guard let found else { return nil }
        let inside = annotationsByFirstStep()
        return WireMembers(members: found.map { ($0.name, part($0.range, inside[$0.name] ?? [])) })
    }

    /// The elements, if this is an array.
    package var elements: [WireValue]? {
        let found = parts { (cursor) throws(JSONSyntaxError) -> [Range<Int>]? in
            guard try cursor.peek() == .array else { return nil }
            var elements: [Range<Int>] = []
            var isMore = try cursor.enterArray()
            while isMore {
                elements.append(try cursor.skipValue())
                isMore = try cursor.nextElement()
            }
            return elements
        }
        guard let found else { return nil }
        let inside = annotationsByFirstStep()
        return found.enumerated().map { index, range in
            part(range, inside.isEmpty ? [] : inside[Array(String(index).utf8)] ?? [])
        }
    }

    /// Takes the value apart, provided that it is JSON and nothing that an annotation has made of it.
    private func parts<Parts>(_ read: (inout JSONCursor) throws(JSONSyntaxError) -> Parts?) -> Parts? {
        guard type == nil, let range else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            var cursor = JSONCursor(UnsafeRawBufferPointer(buffer), in: range)
            // All of it has been scanned before: nothing is thrown.
            return try? read(&cursor)
        }
    }

    private func annotationsByFirstStep() -> [[UInt8]: [Annotation]] {
        annotations.reduce(into: [:]) { groups, annotation in
            guard annotation.path.count > depth else { return }
            groups[annotation.path[depth].key, default: []].append(annotation)
        }
    }

    private func part(_ range: Range<Int>, _ annotations: [Annotation]) -> WireValue {
        WireValue(bytes: bytes, range: range, meta: nil, annotations: annotations, depth: depth + 1)
    }

    // MARK: Reading

    /// The value in memory, for options, ids and other things the service itself reads; `nil` is `undefined`.
    ///
    /// A member that an annotation makes `undefined` is left out, and a NaN is a number that is none. The other types keep
    /// their form on the wire, which is refused wherever a number or an object is wanted.
    package func json() throws(MalformedBody) -> JSON? {
        guard let range else { return nil }
        if type == .nan { return .nan }
        let plain: JSON
        do throws(JSONSyntaxError) {
            plain = try JSON(parsing: bytes, in: range)
        } catch {
            throw .syntax(error)
        }
        guard annotations.contains(where: { $0.type == .nan || $0.type == .undefined }) else { return plain }
        if let members {
            var kept: [JSON.Member] = []
            for (name, value) in members.last {
                guard let value = try value.json() else { continue }
                kept.append(JSON.Member(String(decoding: name, as: UTF8.self), value))
            }
            return .object(kept)
        }
        guard let elements else { return plain }
        var values: [JSON] = []
        for element in elements { values.append(try element.json() ?? .null) }
        return .array(values)
    }
}

/// The members of an object out of a body.
package struct WireMembers: Sendable {
    fileprivate let members: [(name: [UInt8], value: WireValue)]

    /// The member of that name, of several the last, as JavaScript has it; `undefined` when there is none.
    package subscript(name: String) -> WireValue {
        members.last { $0.name.elementsEqual(name.utf8) }?.value ?? .undefined
    }

    /// The members' names, in UTF-8, in the order in which they came.
    var names: some Sequence<[UInt8]> { members.lazy.map(\.name) }

    /// Whether no member has another name than these.
    func areNamed(among names: Set<[UInt8]>) -> Bool {
        members.allSatisfy { names.contains($0.name) }
    }

    /// Of several members with one name the last.
    fileprivate var last: [[UInt8]: WireValue] {
        Dictionary(members.map { ($0.name, $0.value) }) { _, last in last }
    }
}
