package import DurableCore

extension Timestamp {
    /// Reads what JavaScript's `toISOString` writes: `2024-02-29T12:34:56.789Z`, years beyond 9999 with sign and six digits.
    package init?(iso8601 text: String) {
        let characters = Array(text.utf8)
        let isLong = characters.first == UInt8(ascii: "+") || characters.first == UInt8(ascii: "-")
        let yearEnd = isLong ? 7 : 4
        guard characters.count == yearEnd + 20 else { return nil }
        func number(_ start: Int, _ count: Int) -> Int64? {
            let digits = characters[start..<start + count]
            guard digits.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
            return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }
        let marks = zip([0, 3, 6, 9, 12, 15, 19], "--T::.Z".utf8)
        guard marks.allSatisfy({ characters[yearEnd + $0] == $1 }),
            let year = isLong ? number(1, 6) : number(0, 4),
            let month = number(yearEnd + 1, 2), let day = number(yearEnd + 4, 2),
            let hour = number(yearEnd + 7, 2), let minute = number(yearEnd + 10, 2),
            let second = number(yearEnd + 13, 2), let millisecond = number(yearEnd + 16, 3),
            hour < 24, minute < 60, second < 60,
            let days = CalendarDay.sinceEpoch(
                year: characters[0] == UInt8(ascii: "-") ? -year : year,
                month: month,
                day: day
            )
        else { return nil }
        let milliseconds = days * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond
        let (microseconds, isTooFar) = milliseconds.multipliedReportingOverflow(by: 1000)
        guard !isTooFar, microseconds <= Self.latest.microseconds else { return nil }
        self.init(microseconds: microseconds)
    }
}
