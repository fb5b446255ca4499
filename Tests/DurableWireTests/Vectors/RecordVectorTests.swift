import DurableCore
import DurableWire
import Testing

/// The records that upstream's latest version was recorded to answer with.
@Suite("Recorded execution records", .enabled(if: !Vector.all.isEmpty, "the recorded exchanges are not at hand"))
struct RecordVectorTests {
    private static let vectors = Vector.all.filter { vector in
        vector.group == "durable-latest" && vector.response?.status == 200
            && !vector.request.target.hasSuffix("enqueueTask")
    }

    @Test("The vectors are there, and as many as were recorded")
    func count() {
        #expect(Self.vectors.count == 11)
    }

    @Test("A recorded record is read, and written with the same members in the same order", arguments: vectors)
    func replay(_ vector: Vector) throws {
        let recorded = try #require(vector.response)
        let value = try Envelope(recorded.body).value
        let record = try ExecutionRecord(value)
        var expected = String(decoding: recorded.body, as: UTF8.self)
        if record.status.isFinished {
            // Where ours is absent, upstream's is an Invalid Date.
            expected = expected.replacing(#""expiresAt":null,"#, with: "").replacing(#",[1,"expiresAt"]"#, with: "")
        }
        #expect(String(decoding: record.encode(), as: UTF8.self) == expected)
    }
}
