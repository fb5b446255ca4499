/// A length of time in words for people: `8 s`, `3 min`.
package struct TimeSpan: Sendable, Hashable {
    /// Not negative.
    package let milliseconds: Double

    package init(milliseconds: Double) {
        self.milliseconds = milliseconds.isNaN ? 0 : max(0, milliseconds)
    }

    private static let units: [(name: String, milliseconds: Double)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Reads a number with its unit: `90s`, `1.5 h`, `500ms`; `nil` for anything else.
    package init?(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let name = text.dropFirst(number.count).drop { $0 == " " }
        guard let value = Double(number), value.isFinite, let unit = Self.units.first(where: { $0.name == name }) else {
            return nil
        }
        self.init(milliseconds: value * unit.milliseconds)
    }
}

extension TimeSpan: CustomStringConvertible {
    /// Whole numbers of the largest unit that it fills.
    package var description: String {
        guard let unit = Self.units.first(where: { milliseconds >= $0.milliseconds }) else { return "0 ms" }
        let count = min(milliseconds / unit.milliseconds, Double(TaskOptions.largestInteger))
        return "\(Int(count)) \(unit.name)"
    }
}

extension Timestamp {
    /// Where this moment lies for somebody at another: `3 min ago`, `in 2 s`, `now`.
    package func relative(to now: Timestamp) -> String {
        let milliseconds = milliseconds(since: now)
        if milliseconds.magnitude < 1000 { return "now" }
        let span = TimeSpan(milliseconds: milliseconds.magnitude)
        return milliseconds > 0 ? "in \(span)" : "\(span) ago"
    }
}
