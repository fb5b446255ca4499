/// What an ``InMemoryStorage`` keeps of its executions, with what it looks for kept at hand.
package struct InMemoryRecords {
    package struct Record {
        package var execution: Execution
        var trace: TraceContext?
        var idempotencyKey: String?
        var expiresInMs: Int?
        /// What the attempt answered together with its children.
        var carried = Payload.undefined
        /// The attempts after which the execution went on.
        var history: [AttemptRecord] = []
        /// All that ever were made under it, finalize executions included, in order.
        var descent: [ExecutionID] = []
    }

    private var byID: [ExecutionID: Record] = [:]
    /// Those that wait for a lease.
    private(set) var ready: Set<ExecutionID> = []
    /// Those that run under a lease.
    private(set) var leased: Set<ExecutionID> = []
    /// Those that have not finished and have a deadline.
    private(set) var dated: Set<ExecutionID> = []
    /// Those that were written or deleted since somebody looked; `nil` when nobody does.
    var changed: Set<ExecutionID>?

    package subscript(id: ExecutionID) -> Record? {
        get { byID[id] }
        set {
            byID[id] = newValue
            let execution = newValue?.execution
            ready.keep(id, execution?.status == .ready)
            leased.keep(id, execution?.status == .running && execution?.kind.isLeased == true)
            dated.keep(id, execution?.status.isFinished == false && execution?.deadline != nil)
            changed?.insert(id)
        }
    }

    var keys: some Collection<ExecutionID> { byID.keys }
    var values: some Collection<Record> { byID.values }

    func executions(_ ids: Set<ExecutionID>) -> [Execution] { ids.compactMap { byID[$0]?.execution } }
}

extension Set {
    fileprivate mutating func keep(_ element: Element, _ isMember: Bool) {
        if isMember { insert(element) } else { remove(element) }
    }
}
