import DurableCore
import DurableWire

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A value in a payload that is being read, and how one got there.
struct Node: Decoder, SingleValueDecodingContainer {
    let json: JSON
    let codingPath: [any CodingKey]
    let userInfo: [CodingUserInfoKey: Any] = [:]

    // MARK: Containers

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = json else { throw mismatch([String: Any].self, "an object") }
        let values = Dictionary(members.map { ($0.name, $0.value) }) { _, last in last }
        return KeyedDecodingContainer(ObjectReader<Key>(members: values, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = json else { throw mismatch([Any].self, "an array") }
        return ArrayReader(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    // MARK: Values

    func decodeNil() -> Bool { json.isNull }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value: Any? =
            switch type {
            case is String.Type: try string(for: type, "a string")
            case is Bool.Type: try bool()
            case is Double.Type: try number(Double.self)
            case is Float.Type: try number(Float.self)
            case let type as any (FixedWidthInteger & Decodable).Type: try integer(type)
            case is Date.Type: try date()
            case is URL.Type: try URL(string: string(for: type, "a URL"))
            case is Data.Type: try Data(base64Encoded: string(for: type, "a Base64 string"))
            case is Decimal.Type: try decimal()
            case is UntypedValue.Type: UntypedValue(json: json)
            default: try type.init(from: self)
            }
        guard let value = value as? Value else { throw corrupted("This is not a valid \(type)") }
        return value
    }

    private func string(for type: Any.Type, _ expected: String) throws -> String {
        guard case .string(let string) = json else { throw mismatch(type, expected) }
        return string
    }

    private func bool() throws -> Bool {
        guard case .bool(let bool) = json else { throw mismatch(Bool.self, "true or false") }
        return bool
    }

    private func number<Number: BinaryFloatingPoint & LosslessStringConvertible>(_ type: Number.Type) throws -> Number {
        guard case .number(let text) = json else { throw mismatch(type, "a number") }
        guard let number = Number(text), !number.isInfinite else {
            throw corrupted("The number does not fit into \(type)")
        }
        return number
    }

    private func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws -> Integer {
        guard case .number(let text) = json else { throw mismatch(type, "an integer") }
        // JavaScript has one kind of number: 1e3 and 1.0 are integers too.
        guard let integer = Integer(text) ?? Double(text).flatMap({ Integer(exactly: $0) }) else {
            throw corrupted("The number does not fit into \(type)")
        }
        return integer
    }

    private func decimal() throws -> Decimal? {
        guard case .number(let text) = json else { throw mismatch(Decimal.self, "a number") }
        return Decimal(string: text)
    }

    private func date() throws -> Date {
        let text = try string(for: Date.self, "a date in ISO 8601")
        if let timestamp = Timestamp(iso8601: text) { return timestamp.date }
        // What others write who leave the milliseconds out or have an offset from UTC.
        if let date = try? Date.ISO8601FormatStyle().parse(text) { return date }
        throw corrupted("This is not a date in ISO 8601")
    }

    // MARK: Errors

    private func mismatch(_ type: Any.Type, _ expected: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: codingPath,
            debugDescription: "Expected \(expected), found \(json.kind)"
        )
        return json.isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    private func corrupted(_ reason: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: reason))
    }
}

extension JSON {
    fileprivate var kind: String {
        switch self {
        case .null: "nothing"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
