import DurableWire
import Testing

@Suite("Retry-After")
struct RetryAfterTests {
    /// The date that HTTP gives as its example, Sunday 6 November 1994.
    private static let moment: Int64 = 784_111_777

    @Test(
        "Seconds are taken as they are, up to an hour",
        arguments: [
            ("0", 0), ("1", 1), (" 120", 120), ("3600", 3600), ("3601", 3600), ("99999999999999999999999", 3600),
            ("007", 7),
        ]
    )
    func seconds(_ header: String, expected: Int64) {
        #expect(RetryAfter.seconds(header, now: 0) == expected)
    }

    @Test(
        "A date is taken relative to now, in all forms of HTTP",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ]
    )
    func dates(_ header: String) {
        #expect(HTTPDate.seconds(header) == Self.moment)
        #expect(RetryAfter.seconds(header, now: Self.moment - 90) == 90)
        #expect(RetryAfter.seconds(header, now: Self.moment + 90) == 0)
        #expect(RetryAfter.seconds(header, now: Self.moment - 1_000_000) == 3600)
    }

    @Test(
        "Dates beyond the usual",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Thu, 29 Feb 2024 12:34:56 GMT", 1_709_210_096),
            ("Wednesday, 31-Dec-69 23:59:59 GMT", 3_155_759_999), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
        ]
    )
    func rareDates(_ header: String, seconds: Int64) {
        #expect(HTTPDate.seconds(header) == seconds)
    }

    @Test(
        "What cannot be understood is as good as absent",
        arguments: [
            "", " ", "soon", "-1", "1.5", "1e3", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 99999 08:49:37 GMT",
        ]
    )
    func nonsense(_ header: String) {
        #expect(RetryAfter.seconds(header, now: Self.moment) == nil)
    }
}
