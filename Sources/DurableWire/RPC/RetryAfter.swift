/// The header `retry-after`: how long a server wants to be left alone.
package enum RetryAfter {
    /// The longest wait that is granted, in seconds.
    package static let longest: Int64 = 3600

    /// The wait in seconds, 0 to ``longest``; `nil` when the header says nothing that can be understood.
    ///
    /// - Parameters:
    ///   - header: Seconds, or the date of the moment.
    ///   - now: The seconds since 1970-01-01 UTC, by the answer's own `date` header where it has one.
    package static func seconds(_ header: String, now: Int64) -> Int64? {
        let text = header.drop { $0 == " " }
        if !text.isEmpty, text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }) {
            return min(Int64(text) ?? longest, longest)
        }
        return HTTPDate.seconds(String(text)).map { max(0, min($0 - now, longest)) }
    }
}
