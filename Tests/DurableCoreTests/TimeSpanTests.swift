import DurableCore
import Testing

@Suite("Lengths of time in words")
struct TimeSpanTests {
    @Test(
        "are whole numbers of the largest unit that they fill",
        arguments: [
            (0, "0 ms"), (-5, "0 ms"), (.nan, "0 ms"), (0.5, "0 ms"), (999.9, "999 ms"), (1000, "1 s"),
            (59_999, "59 s"),
            (60_000, "1 min"), (3_600_000, "1 h"), (200_000_000, "2 d"), (.infinity, "9007199254740991 d"),
        ] as [(Double, String)]
    )
    func words(milliseconds: Double, text: String) {
        #expect(TimeSpan(milliseconds: milliseconds).description == text)
    }

    @Test(
        "are read from a number and a unit",
        arguments: [("500ms", 500), ("90s", 90_000), ("1.5 h", 5_400_000), ("2d", 172_800_000), ("3min", 180_000)]
            as [(String, Double)]
    )
    func reading(text: String, milliseconds: Double) {
        #expect(TimeSpan(text)?.milliseconds == milliseconds)
    }

    @Test("nothing else is one", arguments: ["", "5", "s", "-5s", "5 m", "5sec", "1.2.3s", "٣s", "1e3s"])
    func refused(text: String) {
        #expect(TimeSpan(text) == nil)
    }

    @Test("a moment lies before, after or at another")
    func relative() {
        let now = Timestamp(microseconds: 100_000_000_000)
        #expect(now.relative(to: now) == "now")
        #expect(now.adding(milliseconds: 8000).relative(to: now) == "in 8 s")
        #expect(now.relative(to: now.adding(milliseconds: 120_000)) == "2 min ago")
        #expect(Timestamp.latest.relative(to: now).hasPrefix("in "))
    }
}
