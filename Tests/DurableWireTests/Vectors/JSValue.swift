import DurableCore
import DurableWire
import Foundation

/// A value as JavaScript has it, to compare what two texts mean rather than how they are written.
indirect enum JSValue: Sendable, Hashable {
    case undefined
    case null
    case bool(Bool)
    case number(Double)
    case nan
    case string(String)
    case bigInt(String)
    /// Milliseconds since 1970; `nil` is an Invalid Date.
    case date(Int64?)
    case url(String)
    case regExp(String)
    case set([JSValue])
    case map([JSValue])
    case array([JSValue])
    case object([String: JSValue])

    init(_ json: JSON) {
        switch json {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .number: self = .number(json.double ?? .nan)
        case .string(let string): self = .string(string)
        case .array(let elements): self = .array(elements.map { JSValue($0) })
        case .object(let members):
            self = .object(Dictionary(members.map { ($0.name, JSValue($0.value)) }) { _, last in last })
        }
    }

    /// The value that the vectors write with tags: `{"$t": "date", "v": …}`.
    init(tagged json: JSON) {
        switch json {
        case .object(let members):
            guard let tag = json["$t"]?.string else {
                // A member that is undefined does not travel.
                let values = Dictionary(members.map { ($0.name, JSValue(tagged: $0.value)) }) { _, last in last }
                self = .object(values.filter { $0.value != .undefined })
                return
            }
            let value = json["v"]
            switch tag {
            case "nan": self = .nan
            case "number": self = .number(Double(value?.string ?? "") ?? .nan)
            case "bigint": self = .bigInt(value?.string ?? "")
            case "date": self = .date(value?.string.flatMap(Self.milliseconds))
            case "url": self = .url(value?.string ?? "")
            case "regexp": self = .regExp(value?.string ?? "")
            case "set": self = .set((value?.array ?? []).map { JSValue(tagged: $0) })
            case "map": self = .map((value?.array ?? []).map { JSValue(tagged: $0) })
            default: self = .undefined
            }
        case .array(let elements): self = .array(elements.map { JSValue(tagged: $0) })
        case .null, .bool, .number, .string: self = JSValue(json)
        }
    }

    /// The value of a payload, its annotations applied one after the other.
    init(_ payload: Payload) throws {
        guard let json = payload.json else {
            self = .undefined
            return
        }
        self = JSValue(try JSON(parsing: json))
        for item in try payload.meta.map({ try JSON(parsing: $0) })?.array ?? [] {
            guard let item = item.array, let code = item.first?.double else { continue }
            let path = item.dropFirst().map { $0.string ?? $0.double.map { String(Int($0)) } ?? "" }
            convert(path[...], to: code)
        }
    }

    private mutating func convert(_ path: ArraySlice<String>, to code: Double) {
        guard let step = path.first else {
            self = converted(to: code)
            return
        }
        switch self {
        case .object(var members):
            members[step]?.convert(path.dropFirst(), to: code)
            self = .object(members)
        case .array(var elements):
            guard let index = Int(step), elements.indices.contains(index) else { return }
            elements[index].convert(path.dropFirst(), to: code)
            self = .array(elements)
        default: return
        }
    }

    private func converted(to code: Double) -> JSValue {
        switch (code, self) {
        case (0, .string(let text)) where text.hasPrefix("0x"): .bigInt(String(Int(text.dropFirst(2), radix: 16) ?? 0))
        case (0, .string(let text)): .bigInt(text.isEmpty ? "0" : text)
        case (0, .number(let number)): .bigInt(String(Int(number)))
        case (0, .bool(let bool)): .bigInt(bool ? "1" : "0")
        case (1, .string(let text)): .date(Self.milliseconds(text))
        case (1, _): .date(nil)
        case (2, _): .nan
        case (3, _): .undefined
        case (4, .string(let text)): .url(text)
        case (5, .string(let text)): .regExp(text)
        case (6, .array(let elements)): .set(elements)
        case (7, .array(let elements)): .map(elements)
        default: self
        }
    }

    private static func milliseconds(_ text: String) -> Int64? {
        if let timestamp = Timestamp(iso8601: text) { return timestamp.microseconds / 1000 }
        for format in ["yyyy-MM-dd'T'HH:mm:ssXXXXX", "yyyy-MM-dd"] {
            let formatter = DateFormatter()
            formatter.locale = Locale(identifier: "en_US_POSIX")
            formatter.timeZone = TimeZone(identifier: "UTC")
            formatter.dateFormat = format
            if let date = formatter.date(from: text) { return Int64(date.timeIntervalSince1970 * 1000) }
        }
        return nil
    }
}
