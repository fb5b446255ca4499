package import DurableCore
import DurableWire

/// Turns payloads into Swift values: the reverse of ``PayloadEncoder``.
///
/// No value at all (`undefined`) decodes as `null` does: as `nil` where an optional is asked for. A JavaScript `bigint`
/// decodes into any integer type that it fits into, a `Set` like an array, a `Map` like an array of pairs, and a `URL` or
/// `RegExp` like the string it travels as.
package struct PayloadDecoder: Sendable {
    package init() {}

    /// - Throws: `DecodingError`, or what the type's own `init(from:)` throws.
    package func decode<Value: Decodable>(_ type: Value.Type, from payload: Payload) throws -> Value {
        try Node(json: tree(of: payload), codingPath: []).decode(type)
    }

    /// How deep values may be nested: reading them recurses.
    private static let maximumDepth = 256

    private func tree(of payload: Payload) throws -> JSON {
        guard let bytes = payload.json else { return .null }
        do {
            var tree = try JSON(parsing: bytes, maximumDepth: Self.maximumDepth)
            if let meta = payload.meta {
                for annotation in try JSON(parsing: meta).array ?? [] { tree.apply(annotation) }
            }
            return tree
        } catch {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: [], debugDescription: error.description, underlyingError: error)
            )
        }
    }
}

extension JSON {
    /// Gives the value that an annotation points at the form of the number that it stands for.
    ///
    /// Other annotations say nothing that the type asked for does not say.
    fileprivate mutating func apply(_ annotation: JSON) {
        guard let items = annotation.array, let type = items.first?.integer.flatMap(RichType.init) else { return }
        switch type {
        case .bigInt: replace(at: items.dropFirst()) { $0.string.map(JSON.number) }
        case .nan: replace(at: items.dropFirst()) { _ in .number("nan") }
        case .date, .undefined, .url, .regExp, .set, .map: return
        }
    }

    private mutating func replace(at path: ArraySlice<JSON>, with value: (JSON) -> JSON?) {
        guard let step = path.first else {
            self = value(self) ?? self
            return
        }
        switch self {
        case .array(var elements):
            guard let index = step.index, elements.indices.contains(index) else { return }
            self = .null
            elements[index].replace(at: path.dropFirst(), with: value)
            self = .array(elements)
        case .object(var members):
            guard let key = step.key, let index = members.lastIndex(where: { $0.name == key }) else { return }
            self = .null
            members[index].value.replace(at: path.dropFirst(), with: value)
            self = .object(members)
        case .null, .bool, .number, .string:
            return
        }
    }

    /// Steps of a path are members' names or indexes, written as strings or as numbers, which are the same to JavaScript.
    private var index: Int? { integer ?? string.flatMap { Int($0) } }

    private var key: String? { string ?? integer.map { String($0) } }
}
