import DurableCore
import Testing

@Suite("Identifiers and times")
struct IdentifierTests {
    @Test("execution ids are read back as they were written")
    func roundTrip() throws {
        for _ in 0..<100 {
            let id = ExecutionID.fresh(at: Timestamp(microseconds: 1_763_800_000_000_000))
            let text = "\(id)"
            #expect(text.count == 35)
            #expect(ExecutionID(text) == id)
            let worker = WorkerID.random()
            #expect(WorkerID("\(worker)") == worker)
        }
    }

    @Test(
        "other texts are no execution ids",
        arguments: [
            "", "te_", "invalid", "te_0", "de_0192f3a4b5c67d8e9fa0b1c2d3e4f5a6", "te_0192f3a4b5c67d8e9fa0b1c2d3e4f5a",
            "te_0192F3A4B5C67D8E9FA0B1C2D3E4F5A6", "te_0192f3a4b5c67d8e9fa0b1c2d3e4f5a60",
            "te_0192f3a4-b5c6-7d8e-9fa0-b1c2d",
            "te_0192f3a4b5c67d8e9fa0b1c2d3e4f5ag", "te_'; drop table executions; --",
        ]
    )
    func invalid(_ text: String) {
        #expect(ExecutionID(text) == nil)
    }

    @Test("execution ids are version 7 UUIDs, ordered by time")
    func ordered() {
        let earlier = Timestamp(microseconds: 1_763_800_000_000_000)
        let later = earlier.adding(milliseconds: 1)
        for _ in 0..<100 {
            let first = ExecutionID.fresh(at: earlier)
            let second = ExecutionID.fresh(at: later)
            #expect(first < second)
            #expect(ExecutionID.lowest(at: earlier) <= first && first < ExecutionID.lowest(at: later))
            #expect(first.bits >> 76 & 0xF == 7)
            #expect(first.bits >> 62 & 0b11 == 0b10)
        }
    }

    @Test("task ids are words of at most 255 characters")
    func taskIDs() throws {
        try TaskID("add_1Z").validate()
        try TaskID(String(repeating: "a", count: 255)).validate()
        #expect(throws: InvalidTask("Task id cannot be empty")) { try TaskID("").validate() }
        #expect(throws: InvalidTask("Task id cannot be longer than 255 characters [idLength=256]")) {
            try TaskID(String(repeating: "a", count: 256)).validate()
        }
        for text in ["a b", "a-b", "é", "a ", "a.b", "a\0"] {
            #expect(throws: InvalidTask("Task id can only contain alphanumeric characters and underscores")) {
                try TaskID(text).validate()
            }
        }
    }

    @Test(
        "times are written as JavaScript writes them",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"), (1_763_830_445_678_901, "2025-11-22T16:54:05.678Z"),
            (253_402_300_800_000_000, "+010000-01-01T00:00:00.000Z"),
            (8_640_000_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
            (-62_198_755_200_000_000, "-000001-01-01T00:00:00.000Z"),
        ]
    )
    func times(_ microseconds: Int64, _ text: String) {
        #expect("\(Timestamp(microseconds: microseconds))" == text)
    }
}
