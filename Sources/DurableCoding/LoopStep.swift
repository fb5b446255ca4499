/// What one iteration of a loop answers.
///
/// In JSON `{isDone: true, output}` or `{isDone: false}`.
public enum LoopStep<Output: Codable & Sendable>: Sendable {
    /// The loop is over, and this is its result.
    case done(Output)
    /// Another iteration is needed.
    case notDone
}

extension LoopStep: Equatable where Output: Equatable {}
extension LoopStep: Hashable where Output: Hashable {}

extension LoopStep: Codable {
    private enum CodingKeys: CodingKey {
        case isDone, output
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self =
            try members.decode(Bool.self, forKey: .isDone)
            ? .done(try members.decodeOrNothing(Output.self, forKey: .output)) : .notDone
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .done(let output):
            try members.encode(true, forKey: .isDone)
            try members.encode(output, forKey: .output)
        case .notDone:
            try members.encode(false, forKey: .isDone)
        }
    }
}
