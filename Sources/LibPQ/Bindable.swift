/// A value that PostgreSQL takes as a parameter, alone or as an element of an array.
package protocol Bindable: Sendable {
    static var binding: Binding { get }
    /// Appends the value in PostgreSQL's binary format.
    func write(to bytes: inout [UInt8])
}

/// How a Swift type travels: the type's name for the cast in the statement, and its numbers.
package struct Binding: Sendable {
    let name: StaticString
    let type: PostgresType
    let arrayType: PostgresType

    init(_ name: StaticString, _ type: PostgresType, array: UInt32) {
        self.name = name
        self.type = type
        self.arrayType = PostgresType(rawValue: array)
    }

    static let json = Binding("json", .json, array: 199)
    static let timestamptz = Binding("timestamptz", .timestamptz, array: 1185)
}

extension Int64: Bindable {
    package static let binding = Binding("bigint", .int8, array: 1016)
    package func write(to bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
}

extension Int: Bindable {
    package static let binding = Int64.binding
    package func write(to bytes: inout [UInt8]) { bytes.append(bigEndian: Int64(self)) }
}

extension Int32: Bindable {
    package static let binding = Binding("integer", .int4, array: 1007)
    package func write(to bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
}

extension Double: Bindable {
    package static let binding = Binding("double precision", .float8, array: 1022)
    package func write(to bytes: inout [UInt8]) { bytes.append(bigEndian: bitPattern) }
}

extension Bool: Bindable {
    package static let binding = Binding("boolean", .bool, array: 1000)
    package func write(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
}

extension String: Bindable {
    package static let binding = Binding("text", .text, array: 1009)
    package func write(to bytes: inout [UInt8]) { bytes.append(contentsOf: utf8) }
}

/// A UUID as the number that its 32 hexadecimal digits spell.
extension UInt128: Bindable {
    package static let binding = Binding("uuid", .uuid, array: 2951)
    package func write(to bytes: inout [UInt8]) { bytes.append(bigEndian: self) }
}

extension Array: Bindable where Element == UInt8 {
    package static var binding: Binding { Binding("bytea", .bytea, array: 1001) }
    package func write(to bytes: inout [UInt8]) { bytes.append(contentsOf: self) }
}

extension [UInt8] {
    mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
    }
}
