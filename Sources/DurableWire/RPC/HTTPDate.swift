/// Dates as HTTP headers give them.
package enum HTTPDate {
    /// The seconds since 1970-01-01 UTC of a date in any of the three forms that HTTP has had; `nil` for what is none.
    ///
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
    package static func seconds(_ text: String) -> Int64? {
        let words = text.split { $0 == " " || $0 == "," || $0 == "-" }
        let (day, month, year, time): (Substring, Substring, Substring, Substring)
        switch words.count {
        case 6 where words[5] == "GMT": (day, month, year, time) = (words[1], words[2], words[3], words[4])
        case 5: (day, month, year, time) = (words[2], words[1], words[4], words[3])
        default: return nil
        }
        let clock = time.split(separator: ":").compactMap(number)
        guard clock.count == 3, clock[0] < 24, clock[1] < 60, clock[2] <= 60,
            let day = number(day), let month = months.firstIndex(of: String(month)), let year = number(year)
        else { return nil }
        // Two digits: of this century, unless that is more than fifty years ahead of when this was written.
        let fullYear = year >= 100 ? year : year < 75 ? 2000 + year : 1900 + year
        guard let days = CalendarDay.sinceEpoch(year: fullYear, month: Int64(month) + 1, day: day) else { return nil }
        return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2]
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func number(_ text: Substring) -> Int64? {
        guard text.utf8.count <= 4, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) else { return nil }
        return Int64(text)
    }
}
