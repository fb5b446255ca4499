import DurableWire

extension KeyedDecodingContainer {
    /// The value of a member; for one that is left out, as JavaScript leaves out what is undefined, what null stands for.
    func decodeOrNothing<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        if contains(key) { return try decode(type, forKey: key) }
        return try Node(json: .null, codingPath: codingPath + [key]).decode(type)
    }
}
