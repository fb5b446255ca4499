import DurableCoding
public import DurableCore

/// A child as its parent asks for it: a task, an input, and options of its own.
public struct ChildTask: Sendable {
    /// The task that the child is an execution of.
    public let taskID: TaskID
    /// Replace the task's own for this child.
    public let options: EnqueueOptions
    private let input: @Sendable () throws -> Payload

    init(taskID: TaskID, options: EnqueueOptions, input: @escaping @Sendable () throws -> Payload) {
        self.taskID = taskID
        self.options = options
        self.input = input
    }

    /// A child of a task that there is no value of here: one of a web app, of another process, or the parent itself.
    ///
    /// ```swift
    /// let countdown = try executor.parentTask("countdown", timeout: .seconds(5)) { (n: Int, _) in
    ///     Spawn(output: n, children: n > 0 ? [ChildTask("countdown", n - 1)] : [])
    /// }
    /// ```
    public init(_ taskID: TaskID, _ input: some Encodable & Sendable, options: EnqueueOptions = EnqueueOptions()) {
        self.init(taskID: taskID, options: options) { try PayloadEncoder().encode(input) }
    }

    /// A child without input, of a task that there is no value of here.
    public init(_ taskID: TaskID, options: EnqueueOptions = EnqueueOptions()) {
        self.init(taskID: taskID, options: options) { .undefined }
    }

    /// The child as the engine takes it.
    func request(index: Int) throws(ExecutionError) -> ChildRequest {
        do {
            return ChildRequest(taskID: taskID, input: try input(), options: options)
        } catch {
            throw .childRefused(taskID, index: index, "its input cannot be encoded: \(text(of: error))")
        }
    }
}
