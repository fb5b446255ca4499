/// An execution to be stored.
///
/// Its options have been checked and merged with the task's.
public struct NewExecution: Sendable, Hashable {
    public var taskID: TaskID
    public var kind: TaskKind
    public var input: Payload
    public var options: TaskOptions
    /// `nil` is the parent's, or 0.
    public var priority: Int?
    /// How long it may take altogether, in milliseconds.
    public var expiresInMs: Int?
    public var idempotencyKey: String?
    /// `nil` is the parent's.
    public var trace: TraceContext?

    public init(
        taskID: TaskID,
        kind: TaskKind = .single,
        input: Payload,
        options: TaskOptions,
        priority: Int? = nil,
        expiresInMs: Int? = nil,
        idempotencyKey: String? = nil,
        trace: TraceContext? = nil
    ) {
        self.taskID = taskID
        self.kind = kind
        self.input = input
        self.options = options
        self.priority = priority
        self.expiresInMs = expiresInMs
        self.idempotencyKey = idempotencyKey
        self.trace = trace
    }

    /// The largest input and output, in bytes of JSON.
    public static let largestPayload = 1 << 20

    /// An execution of a task as it is defined, with what the caller says about this one.
    ///
    /// - Throws: What is wrong with the options or the input, for the caller.
    public init(
        of task: TaskDefinition,
        input: Payload,
        options: EnqueueOptions = EnqueueOptions(),
        trace: TraceContext? = nil
    ) throws(InvalidTask) {
        guard input.size <= Self.largestPayload else {
            throw InvalidTask(
                "The input of task \(task.id) is \(input.size) bytes of JSON; at most \(Self.largestPayload) are accepted"
            )
        }
        let merged = task.options.overridden(by: options)
        try options.validate(for: task.id)
        try merged.validate(for: task.id)
        self.init(
            taskID: task.id,
            kind: task.kind,
            input: input,
            options: merged,
            priority: options.priority,
            expiresInMs: options.expiresInMs,
            idempotencyKey: options.idempotencyKey,
            trace: trace
        )
        try validateBeginning()
    }

    /// Refuses an input that the execution, or the first member of it, could not even begin with.
    private func validateBeginning() throws(InvalidTask) {
        switch kind {
        case .single, .parent: break
        case .sleeping: _ = try uniqueID()
        case .sequence, .loop: try firstMember?.validateBeginning()
        }
    }

    /// The name that a sleeping execution is woken up by: its input.
    func uniqueID() throws(InvalidTask) -> String {
        guard let text = input.json, text != Array("null".utf8) else {
            throw InvalidTask("A unique id string is required to enqueue a sleeping task [taskId=\(taskID)]")
        }
        guard let id = input.text else {
            throw InvalidTask("Input must be a unique id string for sleeping task [taskId=\(taskID)]")
        }
        guard !id.isEmpty else {
            throw InvalidTask("A non-empty unique id string is required for sleeping task [taskId=\(taskID)]")
        }
        guard id.utf16.count <= 255 else {
            throw InvalidTask(
                "The unique id string must be shorter than 256 characters for sleeping task "
                    + "[taskId=\(taskID)] [inputLength=\(id.utf16.count)]"
            )
        }
        guard !id.utf8.contains(0) else {
            throw InvalidTask("The unique id string must not contain NUL for sleeping task [taskId=\(taskID)]")
        }
        return id
    }

    /// The first member of a sequence or loop, which begins with the input.
    var firstMember: NewExecution? {
        switch kind {
        case .single, .parent, .sleeping: nil
        case .sequence(let members): members.first.map { NewExecution(member: $0, input: input) }
        case .loop(let loop): NewExecution(iteration: 0, of: loop, input: input)
        }
    }

    /// A member of a sequence, a finalize execution: with its task's own options.
    init(member task: TaskDefinition, input: Payload) {
        self.init(taskID: task.id, kind: task.kind, input: input, options: task.options)
    }

    /// An iteration of a loop.
    init(iteration: Int, of loop: LoopPlan, input: Payload) {
        self.init(member: loop.iteration, input: input)
        if let delay = loop.delayMs(before: iteration) { options.sleepMsBeforeRun = delay }
    }

    /// The same, provided that it can begin.
    func checked() throws(InvalidTask) -> NewExecution {
        try validateBeginning()
        return self
    }
}
