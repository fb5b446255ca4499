import DurableCore

/// What a simulation knows of its executions, and what it holds every change of them against.
struct ExpectedWorld {
    /// What the simulation did before it looked.
    enum Cause {
        case enqueue
        case lease(WorkerID)
        case settle(LeaseID, Outcome?)
        case reclaim
        case advance
        case cancel(ExecutionID)
        case wake(ExecutionID?)
        case expire
        case retry
    }

    struct Violation: Error {
        let what: String
    }

    private struct Place: Hashable {
        let parent: ExecutionID
        let attempt: Int
        /// `nil` for a finalize execution.
        let index: Int?
    }

    private(set) var known: [ExecutionID: Execution] = [:]
    private(set) var paths: [ExecutionID: [Int]] = [:]
    private(set) var unfinished = IndexedSet<ExecutionID>()
    private(set) var sleepers = IndexedSet<ExecutionID>()
    private(set) var finished: [ExecutionID] = []
    private(set) var roots: [ExecutionID] = []
    /// Names for which a wake-up is kept, and until when.
    var keptNames: [String: Timestamp] = [:]
    /// The workers that renew.
    var alive: Set<WorkerID> = []
    private var children: [ExecutionID: [ExecutionID]] = [:]
    private var places: Set<Place> = []
    /// Executions that were asked to run again, whatever has become of their parents.
    private var revived: Set<ExecutionID> = []
    /// Executions that ended without completing, whose descent has to follow.
    private var ended: Set<ExecutionID> = []

    mutating func accept(_ id: ExecutionID) {
        paths[id] = [roots.count]
        roots.append(id)
    }

    /// Takes in what has changed.
    ///
    /// - Returns: Whether a parent has heard of a child.
    @discardableResult
    mutating func take(
        _ look: SimulatedChanges,
        after cause: Cause,
        now: Timestamp
    ) throws(Violation) -> Bool {
        let (changes, closings) = (look.executions, look.closings)
        var changed: [Execution] = []
        for (id, execution) in changes {
            guard let execution else { throw Violation(what: "\(id) was deleted") }
            if known[id] != execution { changed.append(execution) }
        }
        if changed.count > 1 {
            for execution in changed { findPath(of: execution, among: changes) }
            changed.sort { (paths[$0.id] ?? []).lexicographicallyPrecedes(paths[$1.id] ?? []) }
        }
        var parents: Set<ExecutionID> = []
        var hasHeard = false
        for execution in changed {
            if let old = known[execution.id] {
                try check(old, execution, cause, now)
                if old.status.isWaiting, case .advance = cause { hasHeard = true }
                if old.status.isFinished, !execution.status.isFinished { revived.insert(execution.id) }
            } else {
                findPath(of: execution, among: changes)
                try checkNew(execution, cause, now)
            }
            if execution.status.isWaiting { parents.insert(execution.id) }
            if let family = execution.family { parents.insert(family.parent.executionID) }
            note(execution)
        }
        for parent in parents { try checkChildren(of: parent, closings) }
        if case .advance = cause, closings?.isEmpty ?? true { try checkDescents() }
        return hasHeard
    }

    // MARK: One execution

    private func check(_ old: Execution, _ new: Execution, _ cause: Cause, _ now: Timestamp) throws(Violation) {
        func require(_ isRight: Bool, _ what: String) throws(Violation) {
            guard isRight else {
                throw Violation(what: "\(new.taskID) \(new.id) \(what): \(old.status) → \(new.status) after \(cause)")
            }
        }
        var isRetry = false
        if case .retry = cause { isRetry = true }
        try require(!old.status.isFinished || isRetry, "changed although it had finished")
        if new.attempt != old.attempt {
            guard case .lease(let worker) = cause else { return try require(false, "got a lease nobody asked for") }
            try require(new.attempt == old.attempt + 1, "got attempt \(new.attempt) after \(old.attempt)")
            try require(old.status == .ready && new.status == .running, "was leased")
            try require(old.startAt <= now && new.workerID == worker, "was leased early or to somebody else")
        } else if new.status != old.status {
            try require(mayLeave(old, for: new, cause, now), "changed its status")
        }
        try checkUse(old, new, cause, require)
    }

    /// Whether it may change its status without a lease.
    private func mayLeave(_ old: Execution, for new: Execution, _ cause: Cause, _ now: Timestamp) -> Bool {
        switch cause {
        case .enqueue, .lease: false
        case .settle(let lease, _):
            lease == LeaseID(executionID: old.id, attempt: old.attempt) && old.status == .running
        case .reclaim:
            old.status == .running && old.kind.isLeased && old.workerID.map { !alive.contains($0) } ?? false
        case .cancel(let id): old.id == id && new.status == .cancelled
        case .wake(let id): old.id == id && (new.status == .completed || new.status == .failed)
        case .expire: new.status == .timedOut && old.deadline.map { $0 <= now } ?? false
        case .advance: old.status.isWaiting || (new.status == .cancelled && old.family != nil)
        case .retry: old.status.isFinished || new.status == .cancelled
        }
    }

    /// Whether what it has used up is what happened.
    private func checkUse(
        _ old: Execution,
        _ new: Execution,
        _ cause: Cause,
        _ require: (Bool, String) throws(Violation) -> Void
    ) throws(Violation) {
        var (retries, losses) = (old.retryAttempts, old.leaseLosses)
        switch cause {
        case .settle(_, .failed?) where new.status == .ready: retries += 1
        case .settle(_, .completed(let output)?):
            try require(new.status == .completed && new.output == output, "did not take its output")
        case .reclaim where new.status == .ready: losses += 1
        case .retry: (retries, losses) = (new.retryAttempts, new.leaseLosses)
        case .enqueue, .lease, .settle, .reclaim, .advance, .cancel, .wake, .expire: break
        }
        try require(new.retryAttempts == retries, "has \(new.retryAttempts) retries instead of \(retries)")
        try require(new.leaseLosses == losses, "has \(new.leaseLosses) lost leases instead of \(losses)")
    }

    private mutating func checkNew(_ new: Execution, _ cause: Cause, _ now: Timestamp) throws(Violation) {
        func require(_ isRight: Bool, _ what: String) throws(Violation) {
            guard isRight else { throw Violation(what: "new \(new.taskID) \(new.id) \(what) after \(cause)") }
        }
        if let family = new.family {
            let index = family.isFinalize ? nil : family.index
            let place = Place(parent: family.parent.executionID, attempt: family.parentAttempt, index: index)
            try require(places.insert(place).inserted, "is a second one at its place \(place)")
            children[family.parent.executionID, default: []].append(new.id)
        } else {
            try require(paths[new.id] != nil, "is a root that nobody enqueued")
        }
        guard let name = new.sleepingUniqueID else { return }
        let isAwaited = keptNames.removeValue(forKey: name).map { $0 > now } ?? false
        // It may have been made and cancelled between two looks.
        let isWoken = new.status == .completed || new.status == .failed
        try require(isWoken == isAwaited, "missed its wake-up, or had one from nowhere")
    }

    // MARK: Families

    private func checkChildren(of id: ExecutionID, _ closings: Set<ExecutionID>?) throws(Violation) {
        guard let closings, let parent = known[id], parent.status == .waitingForChildren else { return }
        let active = (children[id] ?? []).count { child in
            guard let child = known[child], let family = child.family else { return false }
            return !family.isFinalize && family.parentAttempt == parent.attempt
                && (!child.status.isFinished || closings.contains(child.id))
        }
        guard active == parent.activeChildren else {
            throw Violation(
                what: "\(parent.taskID) \(id) counts \(parent.activeChildren) active children, there are \(active)"
            )
        }
    }

    /// When everybody has been told, nobody is left under what ended.
    private mutating func checkDescents() throws(Violation) {
        for id in ended {
            guard let parent = known[id], parent.status.isFinished else { continue }
            for child in children[id] ?? [] {
                guard let child = known[child], !child.status.isFinished,
                    child.family?.parentAttempt == parent.attempt, !revived.contains(child.id)
                else { continue }
                throw Violation(what: "\(child.taskID) \(child.id) goes on under \(id), which is \(parent.status)")
            }
        }
        ended = []
    }

    /// Nothing is left whose deadline has passed.
    func checkDeadlines(now: Timestamp) throws(Violation) {
        for id in unfinished.elements {
            guard let deadline = known[id]?.deadline, deadline <= now else { continue }
            throw Violation(what: "\(id) goes on after its deadline")
        }
    }

    func checkEnd() throws(Violation) {
        for root in roots where known[root]?.status.isFinished != true {
            guard let execution = known[root] else { throw Violation(what: "\(root) was lost") }
            throw Violation(what: "\(execution.taskID) \(root) never ends, it is \(execution.status)")
        }
        for (id, execution) in known where !execution.status.isFinished {
            throw Violation(what: "\(execution.taskID) \(id) never ends, it is \(execution.status)")
        }
    }

    // MARK: Parts

    private mutating func note(_ execution: Execution) {
        let id = execution.id
        if known.updateValue(execution, forKey: id)?.status.isFinished != true, execution.status.isFinished {
            finished.append(id)
        }
        unfinished.keep(id, !execution.status.isFinished)
        sleepers.keep(id, !execution.status.isFinished && execution.kind == .sleeping)
        if execution.status.isFinished, execution.status != .completed { ended.insert(id) }
    }

    private mutating func findPath(of execution: Execution, among changes: [ExecutionID: Execution?]) {
        guard paths[execution.id] == nil, let family = execution.family else { return }
        let parent = family.parent.executionID
        if paths[parent] == nil, let relative = changes[parent] ?? nil { findPath(of: relative, among: changes) }
        paths[execution.id] = (paths[parent] ?? []) + [family.parentAttempt, family.isFinalize ? -1 : family.index]
    }
}

/// A set whose elements can be drawn by number, in an order that depends on nothing but what was done to it.
struct IndexedSet<Element: Hashable> {
    private(set) var elements: [Element] = []
    private var positions: [Element: Int] = [:]

    var count: Int { elements.count }
    subscript(position: Int) -> Element { elements[position] }

    mutating func keep(_ element: Element, _ isMember: Bool) {
        if let position = positions[element] {
            guard !isMember, let last = elements.popLast() else { return }
            positions[element] = nil
            guard last != element else { return }
            elements[position] = last
            positions[last] = position
        } else if isMember {
            positions[element] = elements.count
            elements.append(element)
        }
    }
}
