import LibPQ
import Testing

@Suite("Parameters and columns", .timeLimit(.minutes(1)))
struct ParameterTests {
    /// Sends values and reads them back, each alone and all as one array, next to nulls.
    private func roundTrip<Value: Bindable & Equatable>(
        _ values: [Value],
        _ read: @escaping @Sendable (Row, Int) throws(DatabaseError) -> Value?
    ) async throws {
        let withNulls: [Value?] = [nil] + values.map(Optional.some) + [nil]
        try await TestServer.withPool { pool in
            for value in values {
                let received = try await pool.withConnection { (connection) throws(DatabaseError) in
                    try read(try connection.query("select \(value)").only(), 0)
                }
                #expect(received == value)
            }
            let absent = try await pool.withConnection { (connection) throws(DatabaseError) in
                try read(try connection.query("select \(Value?.none)").only(), 0)
            }
            #expect(absent == nil)
            let array = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select v from unnest(\(values)) with ordinality as u(v, n) order by n")
            }
            let all = try array.map { try read($0, 0) }
            #expect(all == values)
            let sparse = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select v from unnest(\(withNulls)) with ordinality as u(v, n) order by n")
            }
            let allAndNulls = try sparse.map { try read($0, 0) }
            #expect(allAndNulls == withNulls)
            let none = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select unnest(\([Value]()))")
            }
            #expect(none.isEmpty)
        }
    }

    @Test("64-bit integers come back as they went")
    func int64() async throws {
        try await roundTrip([0, 1, -1, Int64.max, .min]) { row, column throws(DatabaseError) in
            try row.int64IfPresent(column)
        }
    }

    @Test("platform integers come back as they went")
    func int() async throws {
        try await roundTrip([0, 1, -1, Int.max, .min]) { row, column throws(DatabaseError) in
            try row.intIfPresent(column)
        }
    }

    @Test("32-bit integers come back as they went")
    func int32() async throws {
        try await roundTrip([0, 1, -1, Int32.max, .min]) { row, column throws(DatabaseError) in
            try row.int32IfPresent(column)
        }
    }

    @Test("floating point comes back as it went, infinities included")
    func double() async throws {
        let values = [0, -0.0, 1.5, .pi, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
        try await roundTrip(values) { row, column throws(DatabaseError) in try row.doubleIfPresent(column) }
    }

    @Test("truth values come back as they went")
    func bool() async throws {
        try await roundTrip([true, false]) { row, column throws(DatabaseError) in try row.boolIfPresent(column) }
    }

    @Test("text comes back as it went, whatever SQL would make of it")
    func string() async throws {
        let values = [
            "", "a", "'; drop table t; --", "{null,\"x\"}", "\\", "日本語 🎉", String(repeating: "ä", count: 100_000),
        ]
        try await roundTrip(values) { row, column throws(DatabaseError) in try row.stringIfPresent(column) }
    }

    @Test("bytes come back as they went, zeros included")
    func bytes() async throws {
        let values: [[UInt8]] = [[], [0], [0, 255, 0], Array(0...255)]
        try await roundTrip(values) { row, column throws(DatabaseError) in try row.bytesIfPresent(column) }
    }

    @Test("a number is the UUID that its digits spell")
    func uuid() async throws {
        let number: UInt128 = 0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc
        try await roundTrip([0, .max, number]) { row, column throws(DatabaseError) in try row.uuidIfPresent(column) }
        try await TestServer.withPool { pool in
            let text = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select \(number)::text").only().string(0)
            }
            #expect(text == "01923456-789a-7bcd-8ef0-123456789abc")
        }
    }

    @Test("JSON keeps its bytes: spaces, duplicate keys, digits, escapes")
    func json() async throws {
        let documents: [[UInt8]?] = [
            Array(#"{"a" : 2.50, "a": 1e400, "b":"\u0000\ud800"}"#.utf8), nil, Array("null".utf8), Array("[]".utf8),
        ]
        try await TestServer.withPool { pool in
            let received = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select d from unnest(\(json: documents)) with ordinality as u(d, n) order by n")
            }
            let several = try received.map { row in try row.bytesIfPresent(0) }
            #expect(several == documents)
            let (one, absent, binary) = try await pool.withConnection { (connection) throws(DatabaseError) in
                let nothing: [UInt8]? = nil
                let row = try connection.query(
                    "select \(json: documents[0]), \(json: nothing), \(json: documents[3])::jsonb"
                ).only()
                return (try row.bytes(0), try row.bytesIfPresent(1), try row.bytes(2))
            }
            #expect(one == documents[0])
            #expect(absent == nil)
            #expect(binary == documents[3])
        }
    }

    @Test("timestamps count microseconds from 1970, and the infinities are the extremes")
    func timestamps() async throws {
        let values: [Int64?] = [0, -1, 1_700_000_000_123_456, 8_640_000_000_000_000_000, .max, .min, nil]
        try await TestServer.withPool { pool in
            let received = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select t from unnest(\(timestamp: values)) with ordinality as u(t, n) order by n")
            }
            let several = try received.map { row in try row.timestampIfPresent(0) }
            #expect(several == values)
            let row = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query(
                    """
                    select '1970-01-02 00:00:00.000001+00'::timestamptz, 'infinity'::timestamptz, '-infinity'::timestamptz,
                        \(timestamp: 0) = 'epoch'::timestamptz, \(timestamp: .max) = 'infinity'::timestamptz
                    """
                ).only()
            }
            let moments = [try row.timestamp(0), try row.timestamp(1), try row.timestamp(2)]
            #expect(moments == [86_400_000_001, .max, .min])
            let (epoch, infinity) = (try row.bool(3), try row.bool(4))
            #expect(epoch && infinity)
        }
    }

    @Test("smaller integers and enums widen; another type, a null or a missing column is a typed error")
    func mismatches() async throws {
        try await TestServer.withPool { pool in
            let row = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("select 7::smallint, 8::integer, 1.5::real, 'x'::name, null::bigint, 'y'::text")
                    .only()
            }
            let widened = (try row.int64(0), try row.int64(1), try row.double(2), try row.string(3))
            #expect(widened == (7, 8, 1.5, "x"))
            let isNull = try row.isNull(4)
            #expect(isNull)
            let readings: [() throws -> Any] = [
                { try row.int64(5) }, { try row.int64(4) }, { try row.string(0) }, { try row.uuid(5) },
                { try row.bool(6) }, { try row.bool(-1) },
            ]
            for reading in readings {
                let error = #expect(throws: DatabaseError.self) { _ = try reading() }
                #expect(error?.kind == .decoding)
            }
        }
    }

    @Test("a thousand rows of several columns travel as one statement")
    func batch() async throws {
        let ids = (0..<1000).map { UInt128($0) }
        let names = ids.map { $0.isMultiple(of: 3) ? nil : "row \($0)" }
        try await TestServer.withPool(size: 1) { pool in
            let count = try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.query("create temporary table batch (id uuid, name text)")
                let inserted = try connection.query(
                    "insert into batch select * from unnest(\(ids), \(names)) returning id"
                )
                let updated = try connection.query(
                    "update batch set name = 'x' where id = any(\(ids[..<10].map(\.self)))"
                )
                return (inserted.count, inserted.affected, updated.count, updated.affected)
            }
            #expect(count == (1000, 1000, 0, 10))
        }
    }
}
