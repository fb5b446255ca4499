/// PostgreSQL's time: microseconds since 2000-01-01 UTC, with the extremes for plus and minus infinity.
struct PostgresTime: Bindable {
    private static let unixEpochOffset: Int64 = 946_684_800_000_000

    let microseconds: Int64

    init(microseconds: Int64) { self.microseconds = microseconds }

    /// Both extremes of `Int64` are the infinities; so is what lies beyond them.
    init(unixMicroseconds: Int64) {
        let (value, overflow) = unixMicroseconds.subtractingReportingOverflow(Self.unixEpochOffset)
        microseconds = overflow ? .min : unixMicroseconds == .max ? .max : value
    }

    var unixMicroseconds: Int64 {
        if microseconds == .min { return .min }
        let (value, overflow) = microseconds.addingReportingOverflow(Self.unixEpochOffset)
        return overflow ? .max : value
    }

    static let binding = Binding.timestamptz
    func write(to bytes: inout [UInt8]) { bytes.append(bigEndian: microseconds) }
}
