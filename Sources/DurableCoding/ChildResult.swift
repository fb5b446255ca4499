public import DurableCore
import DurableWire

/// How a child ended, as its parent is told.
///
/// Children of one parent may be of different tasks, so the output has its type only once it is asked for:
///
/// ```swift
/// let total = try results.children[0].output(as: Int.self)
/// ```
public struct ChildResult: Sendable, Hashable {
    /// The task that the child is an execution of.
    public let taskID: TaskID
    /// What the child is known by.
    public let executionID: ExecutionID
    /// How it ended; always a finished status.
    public let status: ExecutionStatus
    /// Why it did not complete; `nil` when it did.
    public let error: ExecutionError?
    private let untypedOutput: UntypedValue?

    /// What the child returned.
    ///
    /// - Throws: ``ExecutionError``, not retryable, when the child did not complete, and when its output is of another type.
    ///   A finalize task that lets it pass fails with it.
    public func output<Output: Decodable>(as type: Output.Type) throws(ExecutionError) -> Output {
        guard status == .completed else {
            throw .nonRetryable("Child task failed \(place): \(error?.message ?? status.rawValue)")
        }
        do {
            return try (untypedOutput ?? UntypedValue(json: .null)).decode(type)
        } catch {
            throw .nonRetryable("The output of a child is not what was expected \(place): \(text(of: error))")
        }
    }

    private var place: String { "[taskId=\(taskID)] [executionId=\(executionID)]" }
}

extension ChildResult: Codable {
    private enum CodingKeys: String, CodingKey {
        case taskID = "taskId"
        case executionID = "executionId"
        case status, output, error
    }

    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value>(_ key: CodingKeys, _ make: (String) -> Value?) throws -> Value {
            guard let value = make(try members.decode(String.self, forKey: key)) else {
                throw DecodingError.dataCorruptedError(
                    forKey: key,
                    in: members,
                    debugDescription: "This is not a valid \(Value.self)"
                )
            }
            return value
        }
        taskID = try read(.taskID, TaskID.init(_:))
        executionID = try read(.executionID) { ExecutionID($0) }
        status = try read(.status) { ExecutionStatus(rawValue: $0).flatMap { $0.isFinished ? $0 : nil } }
        error = try members.decodeIfPresent(UntypedValue.self, forKey: .error).flatMap { ExecutionError($0.json) }
        untypedOutput = try members.decodeIfPresent(UntypedValue.self, forKey: .output)
    }

    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(taskID.rawValue, forKey: .taskID)
        try members.encode(executionID.description, forKey: .executionID)
        try members.encode(status.rawValue, forKey: .status)
        try members.encodeIfPresent(untypedOutput, forKey: .output)
        try members.encodeIfPresent(error.map { UntypedValue(json: $0.json) }, forKey: .error)
    }
}
