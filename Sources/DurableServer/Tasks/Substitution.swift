/// Puts environment variables into the texts of a tasks file: `${NAME}`; `$${` stands for a plain `${`.
///
/// It is done to texts that have been parsed already, so a value is never read as YAML.
struct Substitution {
    enum Failure: Error, Hashable {
        case unset(name: String)
        case malformed

        var message: String {
            switch self {
            case .unset(let name): "the environment variable \(name) is not set"
            case .malformed: "\"${\" must be followed by a variable's name and \"}\"; write \"$${\" for a plain \"${\""
            }
        }
    }

    let environment: [String: String]

    /// Whether there is anything to be substituted in a text.
    static func isNeeded(in text: String) -> Bool { text.contains("${") }

    /// The text with the variables' values in it, or everything that stands in the way.
    func apply(to text: String) -> (text: String, failures: [Failure]) {
        var result = ""
        var failures: [Failure] = []
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${") {
                let name = rest.dropFirst(2).prefix { $0 != "}" }
                guard Self.isName(name), name.endIndex < rest.endIndex else {
                    failures.append(.malformed)
                    rest = rest.dropFirst(2)
                    continue
                }
                if let value = environment[String(name)] {
                    result += value
                } else {
                    failures.append(.unset(name: String(name)))
                }
                rest = rest[name.endIndex...].dropFirst()
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return (result + rest, failures)
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
