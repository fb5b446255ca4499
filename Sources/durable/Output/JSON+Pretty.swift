import DurableWire

extension JSON {
    /// The value as lines for people; small objects and arrays stay on one line.
    func pretty(indent: String = "") -> String {
        let line = String(decoding: encode(), as: UTF8.self)
        guard line.utf8.count > 60 else { return line }
        let inner = indent + "  "
        switch self {
        case .object(let members):
            let lines = members.map { member in
                let name = String(decoding: JSON.string(member.name).encode(), as: UTF8.self)
                return inner + name + ": " + member.value.pretty(indent: inner)
            }
            return "{\n" + lines.joined(separator: ",\n") + "\n" + indent + "}"
        case .array(let elements):
            return "[\n" + elements.map { inner + $0.pretty(indent: inner) }.joined(separator: ",\n") + "\n" + indent
                + "]"
        case .null, .bool, .number, .string:
            return line
        }
    }
}

/// Prints an object as one line of JSON.
func printJSON(_ members: [JSON.Member]) {
    print(String(decoding: JSON.object(members).encode(), as: UTF8.self))
}
