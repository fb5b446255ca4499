/// No output: what a parent answers that has nothing to say besides its children, and an iteration that ends a loop
/// without a result.
public struct NoOutput: Codable, Sendable, Hashable {
    public init() {}

    /// Takes whatever there is for nothing.
    public init(from decoder: any Decoder) throws {}

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encodeNil()
    }
}
