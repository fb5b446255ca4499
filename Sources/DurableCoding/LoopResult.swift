/// What came of a loop.
///
/// In JSON `{isSuccess: true, output}` or `{isSuccess: false}`.
public enum LoopResult<Output: Codable & Sendable>: Sendable {
    /// An iteration said that the loop is over.
    case done(Output)
    /// All iterations that the loop may have were made, and none said that it is over.
    case notDone

    /// The result of the loop; `nil` when it never was done.
    public var output: Output? {
        if case .done(let output) = self { output } else { nil }
    }
}

extension LoopResult: Equatable where Output: Equatable {}
extension LoopResult: Hashable where Output: Hashable {}

extension LoopResult: Codable {
    private enum CodingKeys: CodingKey {
        case isSuccess, output
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self =
            try members.decode(Bool.self, forKey: .isSuccess)
            ? .done(try members.decodeOrNothing(Output.self, forKey: .output)) : .notDone
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .done(let output):
            try members.encode(true, forKey: .isSuccess)
            try members.encode(output, forKey: .output)
        case .notDone:
            try members.encode(false, forKey: .isSuccess)
        }
    }
}
