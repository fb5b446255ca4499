import DurableCore
import LibPQ

/// What happens to parents, within a transaction: their attempts bring children, their children end.
///
/// Whoever decides about a waiting execution holds the lock on its row in `waiting`.
struct Families {
    let statements: Statements

    private var planting: Planting { Planting(statements: statements) }

    // MARK: An attempt ends with children

    /// Records an attempt that brings children or a finalize execution.
    ///
    /// - Returns: Whether the lease was still held; if not, nothing was written.
    func settle(_ settlement: Settlement, _ connection: inout Connection) throws(DatabaseError) -> Bool {
        var refusal: ExecutionStateMachine.Ending?
        do {
            return try connection.transaction { connection throws(DatabaseError) in
                guard let row = try connection.query(statements.takeLease(settlement.lease)).first else { return false }
                refusal = try begin(settlement.transition, of: try Parent(row: row), &connection)
                // Rolls back; what is thrown is replaced below.
                if refusal != nil { throw .decoding("a sleeper's name is taken") }
                return true
            }
        } catch {
            guard let refusal else { throw error }
            let settlement = Settlement(lease: settlement.lease, transition: .finish(refusal))
            guard let settling = Statements.Settling(settlement) else { return false }
            return try !connection.query(statements.settle([settling])).isEmpty
        }
    }

    /// - Returns: How the parent ends instead, because a child cannot be stored.
    private func begin(
        _ transition: ExecutionStateMachine.Transition,
        of parent: Parent,
        _ connection: inout Connection
    ) throws(DatabaseError) -> ExecutionStateMachine.Ending? {
        switch transition {
        case .spawn(let output, let children):
            let isOnly = children.count == 1
            var seeds: [Seed] = []
            var indices: [Int] = []
            for (index, child) in children.enumerated() {
                let family = parent.seed(.child(index: index, isOnly: isOnly))
                let planted = Seed.seeds(of: child, id: planting.freshID(), parent: family, nextID: planting.freshID)
                indices += planted.map { _ in index }
                seeds += planted
            }
            _ = try connection.query(
                statements.wait(parent.id, attempt: parent.attempt, for: children.count, carrying: output)
            )
            guard let refused = try planting.plant(seeds, &connection) else { return nil }
            let index = indices[refused]
            return .refusing(children[index], index: index)
        case .finalize(let new):
            _ = try connection.query(
                statements.wait(parent.id, attempt: parent.attempt, for: 0, carrying: .undefined)
            )
            return try finalize(parent, new, &connection)
                ? nil : .finalizeFailed(.nonRetryable(StorageError.sleeperNameTaken))
        case .unchanged, .run, .ready, .next, .restart, .resume, .finish:
            throw .decoding("a transition that brings no children was settled as one that does")
        }
    }

    // MARK: Children end

    /// One execution that ended and whose relatives have yet to be told.
    private struct Closing {
        let id: ExecutionID
        let parent: ExecutionID?
        let parentAttempt: Int
        let isFinalize: Bool
        let hasCompleted: Bool
        let hasDescent: Bool

        init(row: Row) throws(DatabaseError) {
            id = ExecutionID(bits: try row.uuid(0))
            parent = try row.uuidIfPresent(1).map(ExecutionID.init(bits:))
            parentAttempt = try row.intIfPresent(2) ?? 0
            isFinalize = try row.bool(3)
            hasCompleted = try row.bool(4)
            hasDescent = try row.bool(5)
        }
    }

    /// Tells the relatives of up to `limit` executions that ended.
    func advance(limit: Int, _ connection: inout Connection) throws(DatabaseError) -> Progress {
        try connection.transaction { connection throws(DatabaseError) in
            var closings: [Closing] = []
            for row in try connection.query(statements.closings(limit: limit)) {
                closings.append(try Closing(row: row))
            }
            guard !closings.isEmpty else { return Progress() }
            let descent = closings.filter { $0.hasDescent && !$0.hasCompleted }.map(\.id)
            let left = try cancelDescent(of: descent, limit: limit, &connection)
            // A parent is told once, when nothing is left under its child.
            let done = closings.filter { !left.contains($0.id) }
            let hasDecided = try tellParents(done, &connection)
            _ = try connection.query(statements.forget(closings: done.map(\.id)))
            // Most passes over a wide parent only count, which is nobody else's concern.
            var signals: Set<Signal> = []
            if hasDecided { signals.formUnion([.ready, .finished, .upkeep]) }
            if !descent.isEmpty { signals.formUnion([.cancelled, .finished]) }
            return Progress(
                count: done.count,
                // Whoever ended by this has relatives in turn.
                isMore: closings.count == limit || hasDecided || !descent.isEmpty,
                signals: signals
            )
        }
    }

    /// - Returns: Whether something was decided about a parent, rather than only counted.
    private func tellParents(_ closings: [Closing], _ connection: inout Connection) throws(DatabaseError) -> Bool {
        struct Key: Hashable {
            let parent: ExecutionID
            let attempt: Int
            let isFinalize: Bool
        }
        var ended: [Key: [Closing]] = [:]
        for closing in closings {
            guard let parent = closing.parent else { continue }
            let key = Key(parent: parent, attempt: closing.parentAttempt, isFinalize: closing.isFinalize)
            ended[key, default: []].append(closing)
        }
        guard !ended.isEmpty else { return false }
        let counted = try connection.query(
            statements.count(
                ended.map { key, closings in
                    Statements.Ended(
                        parent: key.parent,
                        attempt: key.attempt,
                        isFinalize: key.isFinalize,
                        count: closings.count
                    )
                }
            )
        )
        var active: [ExecutionID: Int] = [:]
        for row in counted { active[ExecutionID(bits: try row.uuid(0))] = try row.int(1) }
        // Everything else only counts.
        let failed = ended.filter { key, closings in
            active[key.parent] != nil && !key.isFinalize && closings.contains { !$0.hasCompleted }
        }
        let toDecide = Set(active.filter { $0.value == 0 }.keys).union(failed.keys.map(\.parent))
        var hasDecided = false
        guard !toDecide.isEmpty else { return hasDecided }
        for row in try connection.query(statements.parents(toDecide.sorted())) {
            let parent = try Parent(row: row)
            let told = ended.first { $0.key.parent == parent.id && $0.key.attempt == parent.attempt }?.value ?? []
            let failures = told.filter { !$0.isFinalize && !$0.hasCompleted }.map(\.id)
            let isLast = active[parent.id] == 0
            if try decide(parent, failures: failures, told: told.map(\.id), isLast: isLast, &connection) {
                hasDecided = true
            }
        }
        return hasDecided
    }

    /// - Returns: Whether there was something to decide.
    private func decide(
        _ parent: Parent,
        failures: [ExecutionID],
        told: [ExecutionID],
        isLast: Bool,
        _ connection: inout Connection
    ) throws(DatabaseError) -> Bool {
        if case .parent(finalize: _, onChildFailure: .fail) = parent.kind, parent.waitsFor == "children" {
            for failure in try ends(statements.ends(of: failures), &connection).sorted(by: { $0.index < $1.index }) {
                let transition = try transition(parent, on: .childFailed(failure))
                if transition == .unchanged { continue }
                try apply(transition, to: parent, &connection)
                return true
            }
        }
        guard isLast else { return false }
        let event: ExecutionStateMachine.Event
        if parent.waitsFor == "finalize" {
            guard let end = try ends(statements.ends(of: told), &connection).first else { return false }
            event = .finalizeEnded(end.ending)
        } else if parent.kind.isChain {
            event = .childrenEnded(carried: parent.carried, try ends(statements.ends(of: told), &connection))
        } else {
            // Looked at before they are fetched: they may be too much for this process's memory.
            let size = try connection.query(statements.sizeOfOutputs(of: parent.id, attempt: parent.attempt)).only()
                .int(0)
            guard size <= ExecutionStateMachine.largestResults else {
                try apply(.finish(.resultsTooLarge(of: parent.reference.taskID, size)), to: parent, &connection)
                return true
            }
            let ends = try ends(statements.ends(of: parent.id, attempt: parent.attempt), &connection)
            event = .childrenEnded(carried: parent.carried, ends)
        }
        try apply(try transition(parent, on: event), to: parent, &connection)
        return true
    }

    private func transition(
        _ parent: Parent,
        on event: ExecutionStateMachine.Event
    ) throws(DatabaseError) -> ExecutionStateMachine.Transition {
        do {
            return try ExecutionStateMachine.transition(from: parent.state, on: event)
        } catch {
            throw .decoding("what happened cannot happen to an execution that is \(error.status.rawValue)")
        }
    }

    private func ends(_ statement: SQL, _ connection: inout Connection) throws(DatabaseError) -> [ChildEnd] {
        var ends: [ChildEnd] = []
        for row in try connection.query(statement) {
            if let end = try ChildEnd(row: row) { ends.append(end) }
        }
        return ends
    }

    private func apply(
        _ transition: ExecutionStateMachine.Transition,
        to parent: Parent,
        _ connection: inout Connection
    ) throws(DatabaseError) {
        switch transition {
        case .finish(let ending):
            try finish(parent, ending, &connection)
        case .next(let child):
            let index = try connection.query(statements.numberOfChildren(of: parent.id, attempt: parent.attempt)).only()
                .int(0)
            let family = parent.seed(.child(index: index, isOnly: false))
            let seeds = Seed.seeds(of: child, id: planting.freshID(), parent: family, nextID: planting.freshID)
            if try planting.plant(seeds, &connection) == nil {
                _ = try connection.query(statements.waitOn(parent.id, for: "children"))
            } else {
                let error = ExecutionError.memberFailed(parent.reference.taskID, index, StorageError.sleeperNameTaken)
                try finish(parent, .finalizeFailed(error), &connection)
            }
        case .finalize(let new):
            if try !finalize(parent, new, &connection) {
                try finish(parent, .finalizeFailed(.nonRetryable(StorageError.sleeperNameTaken)), &connection)
            }
        case .unchanged, .run, .ready, .spawn, .restart, .resume:
            break
        }
    }

    private func finish(
        _ parent: Parent,
        _ ending: ExecutionStateMachine.Ending,
        _ connection: inout Connection
    ) throws(DatabaseError) {
        let finishing = Statements.Finishing(id: parent.id, ending: ending)
        _ = try connection.query(statements.finish([finishing], waits: true))
    }

    /// - Returns: Whether it was stored; not if it begins with a sleeper whose name is taken.
    private func finalize(
        _ parent: Parent,
        _ new: NewExecution,
        _ connection: inout Connection
    ) throws(DatabaseError) -> Bool {
        let seeds = Seed.seeds(
            of: new,
            id: planting.freshID(),
            parent: parent.seed(.finalize),
            nextID: planting.freshID
        )
        guard try planting.plant(seeds, &connection) == nil else { return false }
        _ = try connection.query(statements.waitOn(parent.id, for: "finalize"))
        return true
    }

    // MARK: The descent follows

    /// Cancels unfinished children of executions that ended without completing.
    ///
    /// - Returns: Those whose children are not all cancelled yet.
    private func cancelDescent(
        of ids: [ExecutionID],
        limit: Int,
        _ connection: inout Connection
    ) throws(DatabaseError) -> Set<ExecutionID> {
        guard !ids.isEmpty else { return [] }
        var finishings: [Statements.Finishing] = []
        var ancestors: [ExecutionID: ExecutionID] = [:]
        for row in try connection.query(statements.descent(of: ids, limit: limit)) {
            let finishing = try Statements.Finishing(descendant: row)
            finishings.append(finishing)
            ancestors[finishing.id] = ExecutionID(bits: try row.uuid(2))
        }
        guard !finishings.isEmpty else { return [] }
        var finished: Set<ExecutionID> = []
        for row in try connection.query(statements.finish(finishings, waits: false)) {
            finished.insert(ExecutionID(bits: try row.uuid(0)))
        }
        // Where there was more than one pass takes, everybody is looked at again.
        if finishings.count == limit { return Set(ids) }
        return Set(ancestors.filter { !finished.contains($0.key) }.values)
    }
}
