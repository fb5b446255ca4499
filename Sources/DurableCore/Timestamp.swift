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
        return String(unsafeUninitializedCapacity: 27) { text in
            var end = 0
            func write(_ number: Int64, digits: Int) {
                var rest = number
                for position in (end..<end + digits).reversed() {
                    text.initializeElement(at: position, to: UInt8(ascii: "0") + UInt8(rest % 10))
                    rest /= 10
                }
                end += digits
            }
            func write(_ mark: Unicode.Scalar) {
                text.initializeElement(at: end, to: UInt8(ascii: mark))
                end += 1
            }
            let isLong = !(0...9999).contains(date.year)
            if isLong { write(date.year < 0 ? "-" : "+") }
            write(abs(date.year), digits: isLong ? 6 : 4)
            write("-")
            write(date.month, digits: 2)
            write("-")
            write(date.day, digits: 2)
            write("T")
            write(clock / 3_600_000, digits: 2)
            write(":")
            write(clock / 60_000 % 60, digits: 2)
            write(":")
            write(clock / 1000 % 60, digits: 2)
            write(".")
            write(clock % 1000, digits: 3)
            write("Z")
            return end
        }
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
}
