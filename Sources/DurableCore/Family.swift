/// An execution, named with its task.
public struct ExecutionReference: Sendable, Hashable {
    public var taskID: TaskID
    public var executionID: ExecutionID

    public init(taskID: TaskID, executionID: ExecutionID) {
        self.taskID = taskID
        self.executionID = executionID
    }
}

/// Where a child belongs.
public struct Family: Sendable, Hashable {
    /// The execution that somebody enqueued, of which this one descends.
    public var root: ExecutionReference
    public var parent: ExecutionReference
    /// Under which attempt of the parent the child was made; a parent that is retried by hand makes new ones.
    public var parentAttempt: Int
    public var role: Role

    /// What a child is to its parent.
    public enum Role: Sendable, Hashable {
        /// - Parameters:
        ///   - index: Its place among the parent's children, from 0.
        ///   - isOnly: Whether the parent made no other.
        case child(index: Int, isOnly: Bool)
        /// It makes the parent's result out of the children's.
        case finalize
    }

    public init(root: ExecutionReference, parent: ExecutionReference, parentAttempt: Int, role: Role) {
        self.root = root
        self.parent = parent
        self.parentAttempt = parentAttempt
        self.role = role
    }

    public var isFinalize: Bool { role == .finalize }

    /// Its place among the parent's children; 0 for a finalize execution.
    public var index: Int {
        if case .child(let index, _) = role { index } else { 0 }
    }
}

/// How a child ended.
public struct ChildEnd: Sendable, Hashable {
    public var child: ExecutionReference
    public var index: Int
    public var ending: ExecutionStateMachine.Ending

    public init(child: ExecutionReference, index: Int, ending: ExecutionStateMachine.Ending) {
        self.child = child
        self.index = index
        self.ending = ending
    }
}

/// A child as its parent asks for it.
public struct ChildRequest: Sendable, Hashable {
    public var taskID: TaskID
    public var input: Payload
    public var options: EnqueueOptions

    public init(taskID: TaskID, input: Payload, options: EnqueueOptions = EnqueueOptions()) {
        self.taskID = taskID
        self.input = input
        self.options = options
    }
}
