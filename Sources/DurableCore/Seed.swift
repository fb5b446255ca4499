/// An execution on its way into the storage, with everything about it decided but the time.
public struct Seed: Sendable, Hashable {
    /// Where an execution stands when it is stored.
    public enum Place: Sendable, Hashable {
        /// It waits for a worker.
        case ready
        /// It waits to be woken up under that name.
        case asleep(uniqueID: String)
        /// It waits for its first member, which is stored with it.
        case waitingForChildren
    }

    public let id: ExecutionID
    public let new: NewExecution
    public let family: Family?
    public let place: Place
    public let priority: Int
    public let trace: TraceContext?
    /// Milliseconds until it may start.
    public let delayMs: Double
    /// Milliseconds until it is timed out unless it has finished; `nil` is never.
    public let deadlineMs: Double?

    /// What one new execution becomes: itself, and with a sequence or loop the member that it begins with.
    ///
    /// - Parameters:
    ///   - id: Its identity; members get theirs from `nextID`.
    ///   - parent: Whose child it is.
    ///   - delayMs: How much later than by itself it starts, because what it is a part of starts later.
    public static func seeds(
        of new: NewExecution,
        id: ExecutionID,
        parent: Parent? = nil,
        delayMs: Double = 0,
        nextID: () -> ExecutionID
    ) -> [Seed] {
        let delayMs = delayMs + new.options.sleepMsBeforeRun
        let priority = new.priority ?? parent?.priority ?? 0
        let trace = new.trace ?? parent?.trace
        var deadlineMs = new.expiresInMs.map(Double.init)
        var place = Place.ready
        switch new.kind {
        case .single, .parent:
            break
        case .sequence, .loop:
            place = .waitingForChildren
        case .sleeping:
            // Whoever made it a `NewExecution` has seen that the name is one.
            place = .asleep(uniqueID: new.input.text ?? "")
            let timeoutMs = delayMs + Double(new.options.timeoutMs)
            deadlineMs = min(deadlineMs ?? timeoutMs, timeoutMs)
        }
        let seed = Seed(
            id: id,
            new: new,
            family: parent?.family,
            place: place,
            priority: priority,
            trace: trace,
            delayMs: delayMs,
            deadlineMs: deadlineMs
        )
        guard let member = new.firstMember else { return [seed] }
        let itself = Parent(
            reference: ExecutionReference(taskID: new.taskID, executionID: id),
            root: parent?.family.root,
            attempt: 0,
            priority: priority,
            trace: trace,
            role: .child(index: 0, isOnly: new.kind.isOnlyMemberFirst)
        )
        return [seed] + seeds(of: member, id: nextID(), parent: itself, delayMs: delayMs, nextID: nextID)
    }

    /// What a child takes from its parent.
    public struct Parent: Sendable, Hashable {
        public let family: Family
        public let priority: Int
        public let trace: TraceContext?

        /// - Parameters:
        ///   - root: The parent's own root; `nil` when the parent is one itself.
        ///   - attempt: The parent's attempt that brings the child.
        public init(
            reference: ExecutionReference,
            root: ExecutionReference?,
            attempt: Int,
            priority: Int,
            trace: TraceContext?,
            role: Family.Role
        ) {
            family = Family(root: root ?? reference, parent: reference, parentAttempt: attempt, role: role)
            self.priority = priority
            self.trace = trace
        }
    }
}

extension TaskKind {
    fileprivate var isOnlyMemberFirst: Bool {
        switch self {
        case .sequence(let members): members.count == 1
        case .loop(let loop): loop.maxAttempts == 1
        case .single, .parent, .sleeping: true
        }
    }
}
