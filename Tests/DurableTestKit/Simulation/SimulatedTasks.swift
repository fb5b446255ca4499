import DurableCore

/// The tasks that simulated executions are of: every kind, and kinds within kinds.
enum SimulatedTasks {
    static let plain = task("plain")
    static let retried = task("retried", retries: RetryOptions(maxAttempts: 2, baseDelayMs: 40))
    static let delayed = task("delayed", sleepMs: 30)
    /// Answers with names for sleepers.
    static let namer = task("namer")
    /// Answers as iterations of a loop do.
    static let iteration = task("iteration", retries: RetryOptions(maxAttempts: 1))
    static let sleeper = TaskDefinition(id: "sleeper", options: TaskOptions(timeoutMs: 600), kind: .sleeping)

    static let parent = parent("parent", nil, .continue)
    static let strict = parent("strict", nil, .fail)
    static let finalized = parent("finalized", retried, .continue)
    static let strictFinalized = parent("strict_finalized", plain, .fail)
    static let deep = parent("deep", finalized, .continue)
    static let summed = parent("summed", chain("summing", .sequence([plain, plain])), .continue)

    static let sequence = chain("sequence", .sequence([plain, retried, plain]))
    static let nap = chain("nap", .sequence([namer, sleeper, plain]))
    static let loop = chain("loop", .loop(LoopPlan(iteration: iteration, maxAttempts: 3, delaysMs: [0, 20])))
    static let nested = chain("nested", .sequence([finalized, sequence, loop]))
    static let rounds = chain(
        "rounds",
        .loop(LoopPlan(iteration: chain("round", .sequence([plain, iteration])), maxAttempts: 2))
    )

    static let all = [
        plain, retried, delayed, namer, iteration, sleeper, parent, strict, finalized, strictFinalized, deep, summed,
        sequence, nap, loop, nested, rounds,
    ]
    static let byID = Dictionary(all.map { ($0.id, $0) }) { first, _ in first }
    static let circumstances = ExecutionStateMachine.Circumstances(tasks: byID, maxChildren: 8)

    private static func task(_ id: TaskID, retries: RetryOptions = .none, sleepMs: Double = 0) -> TaskDefinition {
        TaskDefinition(id: id, options: TaskOptions(timeoutMs: 500, retryOptions: retries, sleepMsBeforeRun: sleepMs))
    }

    private static func parent(
        _ id: TaskID,
        _ finalize: TaskDefinition?,
        _ policy: ChildFailurePolicy
    ) -> TaskDefinition {
        TaskDefinition(
            id: id,
            options: TaskOptions(timeoutMs: 500),
            kind: .parent(finalize: finalize, onChildFailure: policy)
        )
    }

    private static func chain(_ id: TaskID, _ kind: TaskKind) -> TaskDefinition {
        TaskDefinition(id: id, options: TaskDefinition.chainOptions, kind: kind)
    }
}
