public import DurableCore

/// What a parent answered, and how each of its children ended: the input of its finalize task, and the output of a parent
/// without one.
///
/// In JSON `{output, children: [{taskId, executionId, status, output | error}]}`.
public struct ParentResults<Output: Codable & Sendable>: Sendable {
    /// What the parent answered together with its children.
    public let output: Output
    /// How the children ended, in the order in which the parent named them.
    public let children: [ChildResult]

    /// The outputs of all children of a task, in order.
    ///
    /// - Throws: ``ExecutionError`` for the first that did not complete, or has an output of another type.
    public func outputs<ChildOutput: Decodable>(
        of task: TaskID,
        as type: ChildOutput.Type
    ) throws(ExecutionError) -> [ChildOutput] {
        var outputs: [ChildOutput] = []
        for child in children where child.taskID == task { outputs.append(try child.output(as: type)) }
        return outputs
    }

    /// What came of each child of a task, in order: for those who can live without some of them.
    public func results<ChildOutput: Decodable>(
        of task: TaskID,
        as type: ChildOutput.Type
    ) -> [Result<ChildOutput, ExecutionError>] {
        children.filter { $0.taskID == task }.map { child in
            Result { () throws(ExecutionError) in try child.output(as: type) }
        }
    }
}

extension ParentResults: Hashable, Equatable where Output: Hashable {}

extension ParentResults: Codable {
    private enum CodingKeys: CodingKey {
        case output, children
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        output = try members.decodeOrNothing(Output.self, forKey: .output)
        children = try members.decode([ChildResult].self, forKey: .children)
    }
}
