/// A value that travels between the web app and its procedures: oRPC's `{json, meta}` pair as raw UTF-8 JSON.
///
/// The service carries payloads, it does not read them: what went in comes out byte for byte, and with it the rich types
/// (dates, big integers, sets, maps) that `meta` describes. Whoever takes a payload in has checked its bytes
/// (`DurableWire`); from there on they are only copied.
public struct Payload: Sendable, Hashable {
    /// The value as JSON text, UTF-8; `nil` is JavaScript's `undefined`, which is not `null`.
    public var json: [UInt8]?
    /// The type annotations `[[code, ...path], ...]` as JSON text, UTF-8; `nil` when there are none.
    public var meta: [UInt8]?

    public init(json: [UInt8]?, meta: [UInt8]? = nil) {
        self.json = json
        self.meta = meta
    }

    /// A payload of JSON text without type annotations.
    public init(json text: String) {
        self.init(json: Array(text.utf8))
    }

    /// No value at all: what a procedure without a result returns.
    public static let undefined = Payload(json: nil)

    /// The size that the limits speak of: bytes of JSON, annotations not counted.
    public var size: Int { json?.count ?? 0 }
}

extension Payload: CustomStringConvertible {
    /// Never the value: payloads must not leak into logs.
    public var description: String { "payload of \(size) bytes" }
}
