package import DurableCore
import DurableWire

/// Turns Swift values into payloads: JSON, and oRPC's annotations for what JSON cannot say.
///
/// | Swift | JSON | annotation |
/// | --- | --- | --- |
/// | `Date` | ISO 8601 in UTC with milliseconds | 1 (JavaScript's `Date`) |
/// | an integer beyond ±(2^53 − 1) | its digits as a string | 0 (`bigint`) |
/// | `Double.nan`, `Float.nan` | `null` | 2 (`NaN`) |
/// | `Data` | Base64 string | |
/// | `URL` | string | |
/// | `Decimal` | number | |
///
/// Infinities have no place on the wire and are refused. Keys are sorted, so that equal values make equal payloads:
/// idempotency keys compare them.
package struct PayloadEncoder: Sendable {
    package init() {}

    /// - Throws: `EncodingError`, or what the value's own `encode(to:)` throws.
    package func encode(_ value: some Encodable) throws -> Payload {
        let slot = Slot()
        try slot.fill(with: value, at: [])
        guard slot.isFilled else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(codingPath: [], debugDescription: "\(type(of: value)) did not encode anything")
            )
        }
        var annotations: [JSON] = []
        let json = slot.json(at: [], &annotations)
        return Payload(json: json.encode(), meta: annotations.isEmpty ? nil : JSON.array(annotations).encode())
    }
}

extension Slot {
    /// What the slot and those within it hold.
    ///
    /// The annotations are added in the order that readers apply them in.
    fileprivate func json(at path: [JSON], _ annotations: inout [JSON]) -> JSON {
        if let annotation { annotations.append(.array([.number(annotation.rawValue)] + path)) }
        switch content {
        case .empty:
            return .object([])
        case .scalar(let scalar):
            return scalar
        case .array(let elements):
            return .array(elements.enumerated().map { $1.json(at: path + [.number($0)], &annotations) })
        case .object(let members):
            return .object(
                members.sorted { $0.key < $1.key }.map {
                    JSON.Member($0.key, $0.value.json(at: path + [.string($0.key)], &annotations))
                }
            )
        }
    }
}
