import DurableWire

/// A value that was read before anybody said of which type it is.
struct UntypedValue: Codable, Sendable, Hashable {
    /// As ``Node`` has it: big integers and NaN are numbers.
    let json: JSON

    init(json: JSON) { self.json = json }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try Node(json: json, codingPath: []).decode(type)
    }

    /// For decoders that are not ours; ``Node`` hands over what it has.
    init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: PathKey.self) {
            json = .object(
                try members.allKeys.map {
                    JSON.Member($0.stringValue, try members.decode(UntypedValue.self, forKey: $0).json)
                }
            )
        } else if var elements = try? decoder.unkeyedContainer() {
            var array: [JSON] = []
            while !elements.isAtEnd { array.append(try elements.decode(UntypedValue.self).json) }
            json = .array(array)
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                json = .null
            } else if let bool = try? value.decode(Bool.self) {
                json = .bool(bool)
            } else if let integer = try? value.decode(Int.self) {
                json = .number(integer)
            } else if let number = try? value.decode(Double.self) {
                json = .number(number)
            } else {
                json = .string(try value.decode(String.self))
            }
        }
    }

    func encode(to encoder: any Encoder) throws {
        switch json {
        case .object(let members):
            var container = encoder.container(keyedBy: PathKey.self)
            for member in members {
                try container.encode(UntypedValue(json: member.value), forKey: PathKey(member.name))
            }
        case .array(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(UntypedValue(json: element)) }
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let bool):
            try bool.encode(to: encoder)
        case .string(let string):
            try string.encode(to: encoder)
        case .number(let text):
            if let integer = Int(text) {
                try integer.encode(to: encoder)
            } else if let integer = UInt64(text) {
                try integer.encode(to: encoder)
            } else {
                try (Double(text) ?? .nan).encode(to: encoder)
            }
        }
    }
}
