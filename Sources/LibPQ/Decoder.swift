/// One value as the server sent it.
struct Cell {
    let column: Int
    let type: PostgresType
    let bytes: UnsafeRawBufferPointer

    func mismatch(_ wanted: String) -> DatabaseError {
        .decoding(
            "column \(column) of type \(type.rawValue) with \(bytes.count) bytes was read as \(wanted); cast it in the statement"
        )
    }

    func integer<Value: FixedWidthInteger>(_: Value.Type, wanted: String) throws(DatabaseError) -> Value {
        guard bytes.count == MemoryLayout<Value>.size else { throw mismatch(wanted) }
        return Value(bigEndian: bytes.loadUnaligned(as: Value.self))
    }
}

/// Reads PostgreSQL's binary formats.
enum Decoder {
    static func int64(_ cell: Cell) throws(DatabaseError) -> Int64 {
        switch cell.type {
        case .int8: try cell.integer(Int64.self, wanted: "int64")
        case .int4: Int64(try cell.integer(Int32.self, wanted: "int64"))
        case .int2: Int64(try cell.integer(Int16.self, wanted: "int64"))
        case .oid: Int64(try cell.integer(UInt32.self, wanted: "int64"))
        default: throw cell.mismatch("int64")
        }
    }

    static func int32(_ cell: Cell) throws(DatabaseError) -> Int32 {
        switch cell.type {
        case .int4: try cell.integer(Int32.self, wanted: "int32")
        case .int2: Int32(try cell.integer(Int16.self, wanted: "int32"))
        default: throw cell.mismatch("int32")
        }
    }

    static func double(_ cell: Cell) throws(DatabaseError) -> Double {
        switch cell.type {
        case .float8: Double(bitPattern: try cell.integer(UInt64.self, wanted: "double"))
        case .float4: Double(Float(bitPattern: try cell.integer(UInt32.self, wanted: "double")))
        default: throw cell.mismatch("double")
        }
    }

    static func bool(_ cell: Cell) throws(DatabaseError) -> Bool {
        guard cell.type == .bool else { throw cell.mismatch("bool") }
        return try cell.integer(UInt8.self, wanted: "bool") != 0
    }

    static func string(_ cell: Cell) throws(DatabaseError) -> String {
        guard let string = String(validating: try text(cell, wanted: "string"), as: UTF8.self) else {
            throw cell.mismatch("string")
        }
        return string
    }

    static func bytes(_ cell: Cell) throws(DatabaseError) -> [UInt8] {
        Array(cell.type == .bytea ? cell.bytes[...] : try text(cell, wanted: "bytes"))
    }

    static func uuid(_ cell: Cell) throws(DatabaseError) -> UInt128 {
        guard cell.type == .uuid else { throw cell.mismatch("uuid") }
        return try cell.integer(UInt128.self, wanted: "uuid")
    }

    static func timestamp(_ cell: Cell) throws(DatabaseError) -> Int64 {
        guard cell.type == .timestamptz || cell.type == .timestamp else { throw cell.mismatch("timestamp") }
        return PostgresTime(microseconds: try cell.integer(Int64.self, wanted: "timestamp")).unixMicroseconds
    }

    /// The text of a type whose binary format is text, or is text behind a version byte.
    private static func text(_ cell: Cell, wanted: String) throws(DatabaseError) -> Slice<UnsafeRawBufferPointer> {
        switch cell.type {
        case .text, .varchar, .bpchar, .name, .char, .json, .xml, .unknown: return cell.bytes[...]
        case .jsonb where cell.bytes.first == 1: return cell.bytes.dropFirst()
        case let type where type.rawValue >= PostgresType.firstUserDefined: return cell.bytes[...]
        default: throw cell.mismatch(wanted)
        }
    }
}
