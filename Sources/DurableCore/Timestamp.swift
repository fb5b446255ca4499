/// A point in time by the storage's clock, in microseconds since 1970-01-01 UTC.
///
/// Only the storage makes timestamps: durations travel, times do not. Arithmetic saturates at ``latest``, the last moment
/// that a JavaScript `Date` can hold, so that no accepted option can overflow anything.
public struct Timestamp: Sendable, Hashable, Comparable {
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// 275760-09-13, the last moment of a JavaScript `Date`.
    public static let latest = Timestamp(microseconds: 8_640_000_000_000_000_000)

    /// This moment plus a duration; a negative or not finite one counts as zero and as for ever.
    public func adding(milliseconds: Double) -> Timestamp {
        guard milliseconds > 0 else { return self }
        let room = Double(Self.latest.microseconds - microseconds)
        let step = (milliseconds * 1000).rounded(.down)
        guard step < room else { return .latest }
        return Timestamp(microseconds: microseconds + Int64(step))
    }

    /// The milliseconds from an earlier moment to this one; negative when it is the later one.
    public func milliseconds(since earlier: Timestamp) -> Double {
        Double(microseconds - earlier.microseconds) / 1000
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }
}

extension Timestamp: CustomStringConvertible {
    /// ISO 8601 in UTC with milliseconds, exactly as JavaScript's `toISOString` writes it.
    public var description: String {
        let milliseconds = Self.floorDivide(microseconds, 1000)
        let day = Self.floorDivide(milliseconds.quotient, 86_400_000)
        let date = Self.civil(daysSinceEpoch: day.quotient)
        let clock = day.remainder
        return Self.year(date.year) + "-" + Self.pad(date.month, 2) + "-" + Self.pad(date.day, 2)
            + "T" + Self.pad(clock / 3_600_000, 2) + ":" + Self.pad(clock / 60_000 % 60, 2)
            + ":" + Self.pad(clock / 1000 % 60, 2) + "." + Self.pad(clock % 1000, 3) + "Z"
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let result = value.quotientAndRemainder(dividingBy: divisor)
        return result.remainder < 0 ? (result.quotient - 1, result.remainder + divisor) : result
    }

    /// The proleptic Gregorian date, counted in 400-year cycles of 146,097 days that begin on a 1 March.
    private static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let daysFromEraStartToEpoch: Int64 = 719_468
        let era = floorDivide(daysSinceEpoch + daysFromEraStartToEpoch, 146_097)
        let dayOfEra = era.remainder
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era.quotient * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day)
    }

    private static func year(_ year: Int64) -> String {
        if (0...9999).contains(year) { return pad(year, 4) }
        return (year < 0 ? "-" : "+") + pad(abs(year), 6)
    }

    private static func pad(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
