/// A JSON value in memory: options, errors and other small things that the service itself reads or writes.
///
/// Payloads are never brought into this form. Strings hold U+FFFD where the text had a surrogate without its partner, and
/// numbers keep their text, whatever their size.
package enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number as it stood in the text.
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: JSON

        package init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The last member of that name, as JavaScript sees it; `nil` also for what is no object.
    package subscript(name: StaticString) -> JSON? {
        guard case .object(let members) = self else { return nil }
        // By bytes: to `==` the Kelvin sign is a K.
        let expected = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return members.last { $0.name.utf8.elementsEqual(expected) }?.value
    }

    package var string: String? {
        if case .string(let string) = self { string } else { nil }
    }

    package var bool: Bool? {
        if case .bool(let bool) = self { bool } else { nil }
    }

    /// The number as a double, the way JavaScript reads it: one beyond all doubles is infinite.
    package var double: Double? {
        if case .number(let text) = self { Double(text) } else { nil }
    }

    /// The number if it is an integer that JavaScript keeps exact, within ±(2^53 − 1).
    package var integer: Int? {
        guard let double, double.magnitude < 9_007_199_254_740_992 else { return nil }
        return Int(exactly: double)
    }

    package var array: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    package var isNull: Bool { self == .null }
}

extension JSON {
    package static func number(_ integer: Int) -> JSON { .number(String(integer)) }

    /// JavaScript's NaN, which JSON has no text for: equal to no number that was parsed.
    static let nan = JSON.number("NaN")

    /// A finite number; `null` for any other, as `JSON.stringify` has it.
    package static func number(_ double: Double) -> JSON {
        double.isFinite ? .number(JSONNumber.text(double)) : .null
    }

    /// The value as JSON text without white space.
    package func encode() -> [UInt8] {
        var output: [UInt8] = []
        write(to: &output)
        return output
    }

    func write(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .bool(let bool): output += (bool ? "true" : "false").utf8
        case .number(let text): output += text.utf8
        case .string(let string): JSONText.write(string, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONText.write(member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }
}
