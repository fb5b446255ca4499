import DurableCoding
import DurableCore

/// How values of one type become payloads and come back.
struct PayloadCodec<Value: Sendable>: Sendable {
    let encode: @Sendable (Value) throws -> Payload
    let decode: @Sendable (Payload) throws -> Value
}

extension PayloadCodec where Value: Codable {
    static var codable: PayloadCodec {
        PayloadCodec(
            encode: { try PayloadEncoder().encode($0) },
            decode: { try PayloadDecoder().decode(Value.self, from: $0) }
        )
    }
}

extension PayloadCodec where Value == Void {
    /// No value; whatever comes in its place is ignored, as JavaScript ignores arguments that nobody asked for.
    static var nothing: PayloadCodec {
        PayloadCodec(encode: { .undefined }, decode: { _ in })
    }
}
