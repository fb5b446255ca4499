extension InMemoryStorage {
    public func reclaim(limit: Int, maxLeaseLosses: Int) throws(StorageError) -> Progress {
        workers = workers.filter { !$0.value.hasLapsed(at: now()) }
        let lost = records.executions(records.leased).filter(isOrphaned).sorted { $0.id < $1.id }
        for execution in lost.prefix(limit) {
            apply(try decide(execution, .workerLost(maximum: maxLeaseLosses)), to: execution.id)
        }
        let count = min(limit, lost.count)
        return Progress(
            count: count,
            isMore: lost.count > limit,
            signals: count == 0 ? [] : [.ready, .finished, .upkeep]
        )
    }

    var isReclaimDue: Bool {
        workers.values.contains { $0.hasLapsed(at: now()) }
            || records.executions(records.leased).contains(where: isOrphaned)
    }

    private func isOrphaned(_ execution: Execution) -> Bool {
        execution.workerID.map { workers[$0] == nil } ?? true
    }

    public func advance(limit: Int) throws(StorageError) -> Progress {
        var progress = Progress()
        var told: [ExecutionID] = []
        // What ends its descent comes before what would go on with it.
        for id in closings.sorted().prefix(limit) {
            progress.count += 1
            guard let execution = records[id]?.execution, execution.status.isFinished else {
                closings.remove(id)
                continue
            }
            // A parent is told once, when nothing is left under its child.
            if execution.status != .completed, try !cancelDescent(of: execution, limit: limit) { continue }
            closings.remove(id)
            told.append(id)
        }
        for id in told {
            guard let execution = records[id]?.execution, let family = execution.family else { continue }
            try tellParent(of: execution, family)
        }
        progress.isMore = !closings.isEmpty
        if progress.count > 0 { progress.signals = [.ready, .finished, .cancelled] }
        return progress
    }

    private func tellParent(of child: Execution, _ family: Family) throws(StorageError) {
        guard let parent = records[family.parent.executionID]?.execution, parent.attempt == family.parentAttempt,
            let end = ChildEnd(of: child)
        else { return }
        switch (parent.status, family.role) {
        case (.waitingForFinalize, .finalize):
            apply(try decide(parent, .finalizeEnded(end.ending)), to: parent.id)
        case (.waitingForChildren, .child):
            records[parent.id]?.execution.activeChildren -= 1
            if child.status != .completed {
                let transition = try decide(parent, .childFailed(end))
                guard transition == .unchanged else { return apply(transition, to: parent.id) }
            }
            guard parent.activeChildren == 1 else { return }
            let carried = isLoop(parent.kind) ? parent.input : records[parent.id]?.carried ?? .undefined
            let ends = parent.kind.isChain ? [end] : childEnds(of: parent)
            apply(try decide(parent, .childrenEnded(carried: carried, ends)), to: parent.id)
        default:
            break
        }
    }

    private func isLoop(_ kind: TaskKind) -> Bool {
        if case .loop = kind { true } else { false }
    }

    private func childEnds(of parent: Execution) -> [ChildEnd] {
        (records[parent.id]?.descent ?? []).compactMap { id in
            guard let child = records[id]?.execution, child.family?.parentAttempt == parent.attempt,
                child.family?.isFinalize == false
            else { return nil }
            return ChildEnd(of: child)
        }
    }

    /// - Returns: Whether that was all of it.
    @discardableResult
    func cancelDescent(of execution: Execution, limit: Int) throws(StorageError) -> Bool {
        let unfinished = (records[execution.id]?.descent ?? []).compactMap { records[$0]?.execution }
            .filter { !$0.status.isFinished && $0.family?.parentAttempt == execution.attempt }
        for descendant in unfinished.prefix(limit) {
            let error = ExecutionError.parentFailed(execution.reference, execution.error)
            apply(try decide(descendant, .cancelled(error)), to: descendant.id)
        }
        return unfinished.count <= limit
    }

    public func expire(limit: Int) throws(StorageError) -> Progress {
        let now = now()
        sleepers = sleepers.filter { _, sleeper in sleeper.execution != nil || sleeper.keptUntil > now }
        let pending = records.executions(records.dated)
        let due = pending.filter { $0.deadline.map { $0 <= now } ?? false }.sorted { $0.id < $1.id }
        for execution in due.prefix(limit) { apply(try decide(execution, .expired), to: execution.id) }
        let next = pending.compactMap(\.deadline).filter { $0 > now }.min()
        return Progress(
            count: min(limit, due.count),
            isMore: due.count > limit,
            signals: due.isEmpty ? [] : [.finished, .cancelled, .upkeep],
            nextDueMs: next?.milliseconds(since: now)
        )
    }

    /// Whether a deadline passes before somebody looks again by himself.
    var isDeadlineNear: Bool {
        let soon = now().adding(milliseconds: 5000)
        return records.executions(records.dated).contains { $0.deadline.map { $0 < soon } ?? false }
    }

    public func applyRequests(limit: Int) -> Progress { Progress() }

    public func prune(finishedForMs ageMs: Double, from cursor: ExecutionID?, limit: Int) -> Pruning {
        let now = now()
        func isOld(_ id: ExecutionID) -> Bool {
            guard let finishedAt = records[id]?.execution.finishedAt else { return false }
            return finishedAt.adding(milliseconds: ageMs) <= now
        }
        let ids = records.keys.filter { id in cursor.map { id > $0 } ?? true }.sorted().prefix(limit)
        // A tree goes when its root may go: until then somebody may ask for its parts.
        let gone = ids.filter { id in
            guard isOld(id) else { return false }
            guard let root = records[id]?.execution.family?.root.executionID, records[root] != nil else { return true }
            return isOld(root)
        }
        for id in gone {
            guard let record = records[id] else { continue }
            records[id] = nil
            forgetKey(of: record)
            closings.remove(id)
            if let name = record.execution.sleepingUniqueID, sleepers[name]?.execution == id { sleepers[name] = nil }
        }
        return Pruning(deleted: gone.count, next: ids.count == limit ? ids.last : nil)
    }
}

extension ChildEnd {
    /// How an execution ended; `nil` if it has not, or is nobody's child.
    init?(of execution: Execution) {
        guard let family = execution.family,
            let ending = ExecutionStateMachine.Ending(
                execution.status,
                output: execution.output ?? .undefined,
                error: execution.error
            )
        else { return nil }
        self.init(child: execution.reference, index: family.index, ending: ending)
    }
}
