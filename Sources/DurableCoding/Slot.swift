import DurableCore
import DurableWire

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A place in a payload under construction.
///
/// `Encodable` hands out containers that are filled after they are attached, hence a reference.
final class Slot {
    enum Content {
        case empty
        case scalar(JSON)
        case array([Slot])
        case object([String: Slot])
    }

    private(set) var content = Content.empty
    /// What a JavaScript reader is to make of the content; `nil` when JSON says it all.
    private(set) var annotation: RichType?

    var isFilled: Bool {
        if case .empty = content { false } else { true }
    }

    func fill(with value: some Encodable, at path: [any CodingKey]) throws {
        switch value {
        case let value as String: content = .scalar(.string(value))
        case let value as Bool: content = .scalar(.bool(value))
        case let value as Double: try fill(number: value, at: path)
        // By its text: 0.1 as a Float is not the Double that 0.1 is.
        case let value as Float: try fill(number: Double(value.description) ?? .nan, at: path)
        case let value as any BinaryInteger: fill(integer: value)
        case let value as Date: fill(date: value)
        case let value as URL: content = .scalar(.string(value.absoluteString))
        case let value as Data: content = .scalar(.string(value.base64EncodedString()))
        case let value as Decimal where value.isFinite: content = .scalar(.number("\(value)"))
        case let value as Decimal: throw unrepresentable(value, at: path)
        default: try value.encode(to: SlotEncoder(slot: self, codingPath: path))
        }
    }

    func fillWithNull() {
        content = .scalar(.null)
    }

    // MARK: Containers

    func becomeObject() {
        if case .object = content { return }
        content = .object([:])
    }

    func becomeArray() {
        if case .array = content { return }
        content = .array([])
    }

    var count: Int {
        if case .array(let elements) = content { elements.count } else { 0 }
    }

    /// The slot of a member, a new one that replaces any that was there.
    func member(_ key: String) -> Slot {
        let slot = Slot()
        if case .object(var members) = content {
            content = .empty
            members[key] = slot
            content = .object(members)
        }
        return slot
    }

    func appendElement() -> Slot {
        let slot = Slot()
        if case .array(var elements) = content {
            content = .empty
            elements.append(slot)
            content = .array(elements)
        }
        return slot
    }

    // MARK: Scalars

    private func fill(number: Double, at path: [any CodingKey]) throws {
        guard !number.isInfinite else { throw unrepresentable(number, at: path) }
        content = .scalar(.number(number))
        annotation = number.isNaN ? .nan : nil
    }

    private func fill(integer: some BinaryInteger) {
        if integer.magnitude <= TaskOptions.largestInteger {
            content = .scalar(.number(String(integer)))
        } else {
            content = .scalar(.string(String(integer)))
            annotation = .bigInt
        }
    }

    private func fill(date: Date) {
        content = .scalar(Timestamp(date).map { .string($0.description) } ?? .null)
        annotation = .date
    }

    private func unrepresentable(_ value: some Encodable & CustomStringConvertible, at path: [any CodingKey])
        -> EncodingError
    {
        .invalidValue(
            value,
            EncodingError.Context(codingPath: path, debugDescription: "\(value) cannot be represented in a payload")
        )
    }
}
