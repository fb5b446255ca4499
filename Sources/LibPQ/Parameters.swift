/// The parameters of a statement in binary format, packed into one buffer.
struct Parameters: Sendable {
    private(set) var slots: [Slot] = []
    private(set) var bytes: [UInt8] = []

    struct Slot: Sendable {
        var type: PostgresType
        var offset: Int
        /// `nil` is SQL's null.
        var length: Int?
    }

    var count: Int { slots.count }

    mutating func reserve(_ count: Int) {
        slots.reserveCapacity(count)
    }

    mutating func append<Value: Bindable>(_ value: Value?, as binding: Binding) {
        let offset = bytes.count
        if let value {
            value.write(to: &bytes)
            slots.append(Slot(type: binding.type, offset: offset, length: bytes.count - offset))
        } else {
            slots.append(Slot(type: binding.type, offset: offset, length: nil))
        }
    }

    mutating func append<Value: Bindable>(array values: [Value], as binding: Binding) {
        appendArray(count: values.count, as: binding) { bytes in
            for value in values { Self.writeElement(value, to: &bytes) }
        }
    }

    mutating func append<Value: Bindable>(array values: [Value?], as binding: Binding) {
        appendArray(count: values.count, as: binding) { bytes in
            for value in values {
                if let value {
                    Self.writeElement(value, to: &bytes)
                } else {
                    bytes.append(bigEndian: Int32(-1))
                }
            }
        }
    }

    /// Appends those of a part.
    mutating func append(_ others: Parameters) {
        for var slot in others.slots {
            slot.offset += bytes.count
            slots.append(slot)
        }
        bytes += others.bytes
    }

    /// Writes the header of a one-dimensional array, then its elements; an empty one has no dimension.
    private mutating func appendArray(count: Int, as binding: Binding, elements: (inout [UInt8]) -> Void) {
        let offset = bytes.count
        let mayContainNull: Int32 = 1
        bytes.append(bigEndian: Int32(count == 0 ? 0 : 1))
        bytes.append(bigEndian: mayContainNull)
        bytes.append(bigEndian: binding.type.rawValue)
        if count > 0 {
            let lowerBound: Int32 = 1
            bytes.append(bigEndian: Int32(truncatingIfNeeded: count))
            bytes.append(bigEndian: lowerBound)
            elements(&bytes)
        }
        slots.append(Slot(type: binding.arrayType, offset: offset, length: bytes.count - offset))
    }

    /// Writes one element behind its length, which is only known afterwards.
    ///
    /// A length that does not fit is cut short here and caught when the statement is sent: the whole buffer must fit.
    private static func writeElement(_ value: some Bindable, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(bigEndian: Int32(0))
        value.write(to: &bytes)
        let length = UInt32(truncatingIfNeeded: bytes.count - start - 4)
        for index in 0..<4 {
            bytes[start + index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index))
        }
    }
}

extension SQL {
    typealias Call<Answer> = (
        _ values: UnsafePointer<UnsafePointer<CChar>?>?, _ lengths: UnsafePointer<Int32>?,
        _ formats: UnsafePointer<Int32>?, _ types: UnsafePointer<UInt32>?
    ) -> Answer

    /// Lends the parameters in the form that libpq takes them in, for the length of one call.
    func withParameters<Answer>(_ call: Call<Answer>) throws(DatabaseError) -> Answer {
        let (bytes, slots, count) = (parameters.bytes, parameters.slots, parameters.count)
        guard bytes.count <= Int(Int32.max), count <= Int(UInt16.max) else {
            throw DatabaseError(.encoding, report: ServerReport(statement: text))
        }
        // One byte more, so that an empty buffer has an address too: libpq takes an absent one for a null.
        return (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { buffer in
            withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count) { values in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: count * 2) { lengthsAndFormats in
                    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { types in
                        let binary: Int32 = 1
                        for (index, slot) in slots.enumerated() {
                            values[index] =
                                slot.length == nil
                                ? nil
                                : buffer.baseAddress?.advanced(by: slot.offset).assumingMemoryBound(to: CChar.self)
                            lengthsAndFormats[index] = Int32(truncatingIfNeeded: slot.length ?? 0)
                            lengthsAndFormats[count + index] = binary
                            types[index] = slot.type.rawValue
                        }
                        let lengths = lengthsAndFormats.baseAddress
                        return call(
                            UnsafePointer(values.baseAddress),
                            UnsafePointer(lengths),
                            UnsafePointer(lengths?.advanced(by: count)),
                            UnsafePointer(types.baseAddress)
                        )
                    }
                }
            }
        }
    }
}
