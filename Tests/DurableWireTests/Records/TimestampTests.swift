import DurableCore
import DurableWire
import Testing

@Suite("Dates on the wire")
struct TimestampTests {
    @Test(
        "What toISOString writes is read, and written the same",
        arguments: [
            "1970-01-01T00:00:00.000Z", "2024-02-29T12:34:56.789Z", "1969-12-31T23:59:59.999Z",
            "0000-01-01T00:00:00.000Z",
            "9999-12-31T23:59:59.999Z", "+010000-01-01T00:00:00.000Z", "-000002-12-31T23:59:59.999Z",
            "+275760-09-13T00:00:00.000Z",
        ]
    )
    func roundTrip(_ text: String) throws {
        let timestamp = try #require(Timestamp(iso8601: text))
        #expect(timestamp.description == text)
    }

    @Test(
        "Anything else is no date",
        arguments: [
            "", "2024-02-29", "2024-02-29T12:34:56Z", "2024-02-29T12:34:56.789", "2024-02-29T12:34:56.789+00:00",
            "2023-02-29T12:34:56.789Z", "2024-13-01T00:00:00.000Z", "2024-00-01T00:00:00.000Z",
            "2024-01-32T00:00:00.000Z",
            "2024-01-01T24:00:00.000Z", "2024-01-01T00:60:00.000Z", "2024-01-01T00:00:60.000Z",
            "2024-01-01 00:00:00.000Z",
            "+275760-09-13T00:00:00.001Z", "+999999-01-01T00:00:00.000Z", "20a4-01-01T00:00:00.000Z",
            "+02024-01-01T00:00:00.000Z",
        ]
    )
    func nonsense(_ text: String) {
        #expect(Timestamp(iso8601: text) == nil)
    }
}
