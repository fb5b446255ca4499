public import DurableCore

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

extension Timestamp {
    /// The wall clock of this machine.
    package static func wallClock() -> Timestamp {
        Timestamp(microseconds: Int64((Date().timeIntervalSince1970 * 1_000_000).rounded()))
    }

    /// The moment to the millisecond, which is all that a JavaScript `Date` holds; `nil` beyond its range.
    package init?(_ date: Date) {
        let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
        guard abs(milliseconds) <= Double(Self.latest.microseconds / 1000) else { return nil }
        self.init(microseconds: Int64(milliseconds) * 1000)
    }

    /// The same moment as Foundation has it.
    public var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000) }
}
