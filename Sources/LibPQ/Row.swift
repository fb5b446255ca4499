import CLibPQ

/// One row of a result.
///
/// Columns count from 0. Each accessor checks the column's type and throws `.decoding` for another one, and for a null; the
/// `IfPresent` forms give `nil` for a null.
package struct Row: Sendable {
    let rows: Rows
    let index: Int32

    package func isNull(_ column: Int) throws(DatabaseError) -> Bool {
        try cell(column) == nil
    }

    /// An `int2`, `int4` or `int8`.
    package func int64(_ column: Int) throws(DatabaseError) -> Int64 { try value(column, Decoder.int64) }
    package func int64IfPresent(_ column: Int) throws(DatabaseError) -> Int64? {
        try valueIfPresent(column, Decoder.int64)
    }

    /// An `int2`, `int4` or `int8`.
    package func int(_ column: Int) throws(DatabaseError) -> Int { Int(try int64(column)) }
    package func intIfPresent(_ column: Int) throws(DatabaseError) -> Int? {
        try int64IfPresent(column).map { Int($0) }
    }

    /// An `int2` or `int4`.
    package func int32(_ column: Int) throws(DatabaseError) -> Int32 { try value(column, Decoder.int32) }
    package func int32IfPresent(_ column: Int) throws(DatabaseError) -> Int32? {
        try valueIfPresent(column, Decoder.int32)
    }

    /// A `float4` or `float8`.
    package func double(_ column: Int) throws(DatabaseError) -> Double { try value(column, Decoder.double) }
    package func doubleIfPresent(_ column: Int) throws(DatabaseError) -> Double? {
        try valueIfPresent(column, Decoder.double)
    }

    package func bool(_ column: Int) throws(DatabaseError) -> Bool { try value(column, Decoder.bool) }
    package func boolIfPresent(_ column: Int) throws(DatabaseError) -> Bool? {
        try valueIfPresent(column, Decoder.bool)
    }

    /// Anything that travels as text: `text`, `varchar`, `name`, `json`, `jsonb`, an enum.
    package func string(_ column: Int) throws(DatabaseError) -> String { try value(column, Decoder.string) }
    package func stringIfPresent(_ column: Int) throws(DatabaseError) -> String? {
        try valueIfPresent(column, Decoder.string)
    }

    /// A `bytea`, or the UTF-8 of anything that ``string(_:)`` reads; `json` comes byte for byte as it went in.
    package func bytes(_ column: Int) throws(DatabaseError) -> [UInt8] { try value(column, Decoder.bytes) }
    package func bytesIfPresent(_ column: Int) throws(DatabaseError) -> [UInt8]? {
        try valueIfPresent(column, Decoder.bytes)
    }

    package func uuid(_ column: Int) throws(DatabaseError) -> UInt128 { try value(column, Decoder.uuid) }
    package func uuidIfPresent(_ column: Int) throws(DatabaseError) -> UInt128? {
        try valueIfPresent(column, Decoder.uuid)
    }

    /// A `timestamptz` or `timestamp` (read as UTC) in microseconds since 1970-01-01.
    ///
    /// The infinities, and what lies beyond an `Int64`, are its extremes.
    package func timestamp(_ column: Int) throws(DatabaseError) -> Int64 { try value(column, Decoder.timestamp) }
    package func timestampIfPresent(_ column: Int) throws(DatabaseError) -> Int64? {
        try valueIfPresent(column, Decoder.timestamp)
    }

    private func value<Value>(
        _ column: Int,
        _ decode: (Cell) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        guard let cell = try cell(column) else { throw .decoding("column \(column) is null") }
        return try decode(cell)
    }

    private func valueIfPresent<Value>(
        _ column: Int,
        _ decode: (Cell) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value? {
        guard let cell = try cell(column) else { return nil }
        return try decode(cell)
    }

    /// The bytes of a column, valid while the rows live; `nil` for a null.
    private func cell(_ column: Int) throws(DatabaseError) -> Cell? {
        guard column >= 0, let number = Int32(exactly: column), number < PQnfields(rows.raw) else {
            throw .decoding("there is no column \(column)")
        }
        guard PQgetisnull(rows.raw, index, number) == 0 else { return nil }
        return Cell(
            column: column,
            type: PostgresType(rawValue: PQftype(rows.raw, number)),
            bytes: UnsafeRawBufferPointer(
                start: PQgetvalue(rows.raw, index, number),
                count: Int(PQgetlength(rows.raw, index, number))
            )
        )
    }
}
