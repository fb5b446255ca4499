/// A named kind of work, as workers announce it to front ends.
public struct TaskDefinition: Sendable, Hashable {
    public var id: TaskID
    public var options: TaskOptions
    public var kind: TaskKind

    public init(id: TaskID, options: TaskOptions, kind: TaskKind = .single) {
        self.id = id
        self.options = options
        self.kind = kind
    }

    /// The options of tasks whose own row makes no attempts: sequences and loops.
    ///
    /// Members bring their own.
    public static let chainOptions = TaskOptions(timeoutMs: 30_000)

    /// Refuses a definition with a bad name, options out of range, or members that cannot be.
    public func validate() throws(InvalidTask) {
        try validate(depth: 0)
    }

    /// How deeply tasks may be made of tasks.
    public static let deepest = 32
    /// How many members a sequence may have.
    public static let longestSequence = 1000
    /// How often a loop may go round.
    public static let longestLoop = 1_000_000
    /// How many different delays a loop may have.
    public static let mostDelays = 1000

    private func validate(depth: Int) throws(InvalidTask) {
        try id.validate()
        try options.validate(for: id)
        guard depth <= Self.deepest else {
            throw InvalidTask("Task \(id) is made of tasks more than \(Self.deepest) levels deep")
        }
        switch kind {
        case .single, .sleeping, .parent(finalize: nil, onChildFailure: _):
            break
        case .parent(finalize: let finalize?, onChildFailure: _):
            guard finalize.id != id else {
                throw InvalidTask("Task \(id) cannot be its own finalize task")
            }
            guard finalize.kind != .sleeping else {
                throw InvalidTask("Finalize task cannot be a sleeping task [taskId=\(finalize.id)]")
            }
            try finalize.validate(depth: depth + 1)
        case .sequence(let members):
            guard (1...Self.longestSequence).contains(members.count) else {
                throw InvalidTask(
                    members.isEmpty
                        ? "No tasks provided for sequential task \(id)"
                        : "Sequential task \(id) has \(members.count) members; at most \(Self.longestSequence) are possible"
                )
            }
            for member in members {
                guard member.id != id else { throw InvalidTask("Sequential task \(id) cannot be its own member") }
                try member.validate(depth: depth + 1)
            }
        case .loop(let loop):
            try loop.validate(for: id)
            try loop.iteration.validate(depth: depth + 1)
        }
    }
}

/// How the executions of a task proceed; fixed in their rows when they are enqueued, so that a deploy in the middle
/// changes nothing for those under way.
public indirect enum TaskKind: Sendable, Hashable {
    /// A worker makes one attempt after the other until one succeeds.
    case single
    /// As ``single``, and the attempt that succeeds may bring children; when all have ended, `finalize` is run with their
    /// results and its result is the parent's.
    case parent(finalize: TaskDefinition?, onChildFailure: ChildFailurePolicy)
    /// The members one after the other: each output is the next input, the last output is the result.
    case sequence([TaskDefinition])
    /// One task again and again, until it says that it is done.
    case loop(LoopPlan)
    /// Waits to be woken up from outside; nobody makes an attempt.
    case sleeping

    /// Whether its children run one after the other.
    public var isChain: Bool {
        switch self {
        case .sequence, .loop: true
        case .single, .parent, .sleeping: false
        }
    }

    /// Whether its attempts may bring children.
    public var isParent: Bool {
        if case .parent = self { true } else { false }
    }

    /// Whether its executions are leased, and so need a worker that serves the task.
    public var isLeased: Bool {
        switch self {
        case .single, .parent: true
        case .sequence, .loop, .sleeping: false
        }
    }
}

/// What a child that did not complete means for its parent.
public enum ChildFailurePolicy: String, Sendable, Hashable, CaseIterable {
    /// Nothing at once: the parent waits for all, and is told of successes and failures alike.
    case `continue`
    /// The parent fails at once, and its other children are cancelled.
    case fail
}

/// A loop: run `iteration` with the loop's input until its output is `{isDone: true, output}`.
public struct LoopPlan: Sendable, Hashable {
    public var iteration: TaskDefinition
    /// How many iterations there are at most, 1 to 1,000,000.
    public var maxAttempts: Int
    /// Milliseconds before the first iteration, the second, …; the last one counts for all further ones.
    ///
    /// Empty: the iteration task's own `sleepMsBeforeRun`.
    public var delaysMs: [Double]

    public init(iteration: TaskDefinition, maxAttempts: Int, delaysMs: [Double] = []) {
        self.iteration = iteration
        self.maxAttempts = maxAttempts
        self.delaysMs = delaysMs
    }

    /// Milliseconds before the iteration of that number, from 0.
    func delayMs(before iteration: Int) -> Double? {
        delaysMs.isEmpty ? nil : delaysMs[min(iteration, delaysMs.count - 1)]
    }

    /// Refuses a loop that a task of that name cannot have; what the iteration is made of is left alone.
    public func validate(for id: TaskID) throws(InvalidTask) {
        guard maxAttempts > 0 else {
            throw InvalidTask("Max attempts must be greater than 0 for looping task \(id), got \(maxAttempts)")
        }
        guard maxAttempts <= TaskDefinition.longestLoop else {
            throw InvalidTask(
                "Max attempts must be at most \(TaskDefinition.longestLoop) for looping task \(id), got \(maxAttempts)"
            )
        }
        guard iteration.id != id else { throw InvalidTask("Looping task \(id) cannot be its own iteration") }
        guard delaysMs.count <= TaskDefinition.mostDelays else {
            throw InvalidTask(
                "Looping task \(id) has \(delaysMs.count) delays; at most \(TaskDefinition.mostDelays) are possible"
            )
        }
        for delay in delaysMs where !(delay.isFinite && delay >= 0) {
            throw InvalidTask.sleep(of: id, "expected a number of at least 0, got \(delay)")
        }
    }
}
