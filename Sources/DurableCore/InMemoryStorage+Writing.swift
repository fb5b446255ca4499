/// Writing what was decided.
extension InMemoryStorage {
    func decide(
        _ execution: Execution,
        _ event: ExecutionStateMachine.Event
    ) throws(StorageError) -> ExecutionStateMachine.Transition {
        do {
            return try ExecutionStateMachine.transition(from: ExecutionStateMachine.State(execution), on: event)
        } catch {
            throw .rejected(reason: "what happened cannot happen to an execution that is \(error.status.rawValue)")
        }
    }

    package func apply(_ transition: ExecutionStateMachine.Transition, to id: ExecutionID) {
        guard let record = records[id] else { return }
        var execution = record.execution
        let now = now()
        switch transition {
        case .unchanged, .run, .resume, .restart:
            return
        case .ready(let delayMs, let error, let cost):
            remember(AttemptRecord.End(cost), of: execution, error: error, at: now)
            execution.status = .ready
            if let delayMs { execution.startAt = now.adding(milliseconds: delayMs) }
            execution.startedAt = nil
            execution.workerID = nil
            execution.error = error ?? execution.error
            switch cost {
            case .nothing: break
            case .retry: execution.retryAttempts += 1
            case .leaseLoss: execution.leaseLosses += 1
            }
        case .spawn(let output, let children):
            let family = children.indices.map { Family.Role.child(index: $0, isOnly: children.count == 1) }
            let seeds = zip(children, family).flatMap { child, role in
                Seed.seeds(of: child, id: freshID(), parent: parent(record, role), nextID: freshID)
            }
            if let conflict = sleeperConflict(in: seeds) {
                let index = index(of: seeds[conflict], under: id, in: seeds)
                return apply(.finish(.refusing(children[index], index: index)), to: id)
            }
            execution.status = .waitingForChildren
            execution.error = nil
            execution.waitingForChildrenAt = now
            execution.activeChildren = children.count
            records[id]?.carried = output
            update(execution, at: now)
            return plant(seeds)
        case .next(let child):
            let index = record.descent.count
            let role = Family.Role.child(index: index, isOnly: false)
            let seeds = Seed.seeds(of: child, id: freshID(), parent: parent(record, role), nextID: freshID)
            guard sleeperConflict(in: seeds) == nil else {
                let error = ExecutionError.memberFailed(execution.taskID, index, StorageError.sleeperNameTaken)
                return apply(.finish(.finalizeFailed(error)), to: id)
            }
            execution.activeChildren = 1
            update(execution, at: now)
            return plant(seeds)
        case .finalize(let new):
            execution.status = .waitingForFinalize
            execution.error = nil
            execution.activeChildren = 0
            execution.waitingForChildrenAt = execution.waitingForChildrenAt ?? now
            execution.waitingForFinalizeAt = now
            update(execution, at: now)
            let seeds = Seed.seeds(of: new, id: freshID(), parent: parent(record, .finalize), nextID: freshID)
            guard sleeperConflict(in: seeds) == nil else {
                let error = ExecutionError.nonRetryable(StorageError.sleeperNameTaken)
                return apply(.finish(.finalizeFailed(error)), to: id)
            }
            return plant(seeds)
        case .finish(let ending):
            execution.status = ending.status
            execution.output = ending.output
            execution.error = ending.error
            execution.finishedAt = now
            let mayHaveDescent = ending.status != .completed && !record.descent.isEmpty
            if execution.family != nil || mayHaveDescent { closings.insert(id) }
        }
        update(execution, at: now)
    }

    /// Has a finished execution run again, from its beginning or from where it failed.
    ///
    /// When it begins anew, what is left of the run before is cancelled.
    func retryFinished(_ id: ExecutionID) throws(StorageError) {
        guard var record = records[id] else { return }
        let last =
            record.execution.kind.isChain || record.execution.status == .finalizeFailed
            ? record.descent.last.flatMap { records[$0]?.execution } : nil
        let isResumable = last?.family?.parentAttempt == record.execution.attempt
        let transition = try decide(record.execution, .retried(isResumable: isResumable))
        let now = now()
        if let attempt = AttemptRecord(lastOf: record.execution, workerName: nil),
            !record.history.contains(where: { $0.attempt == attempt.attempt })
        {
            record.history.append(attempt)
        }
        record.execution.finishedAt = nil
        record.execution.deadline = record.expiresInMs.map { now.adding(milliseconds: Double($0)) }
        record.execution.updatedAt = now
        if transition == .resume, let last {
            record.execution.status = last.family?.isFinalize == true ? .waitingForFinalize : .waitingForChildren
            record.execution.error = nil
            record.execution.activeChildren = last.family?.isFinalize == true ? 0 : 1
            records[id] = record
            if last.status.isFinished, last.status != .completed {
                try retryFinished(last.id)
            } else if last.status.isFinished {
                closings.insert(last.id)
            }
            return
        }
        try cancelDescent(of: record.execution, limit: .max)
        record.execution.startAt = now
        record.execution.startedAt = nil
        record.execution.workerID = nil
        record.execution.retryAttempts = 0
        record.execution.leaseLosses = 0
        record.execution.activeChildren = 0
        record.execution.waitingForChildrenAt = nil
        record.execution.waitingForFinalizeAt = nil
        switch record.execution.kind {
        case .single, .parent:
            record.execution.status = .ready
            records[id] = record
        case .sleeping:
            let timeout = now.adding(milliseconds: Double(record.execution.options.timeoutMs))
            record.execution.status = .running
            record.execution.startedAt = now
            record.execution.deadline = min(record.execution.deadline ?? timeout, timeout)
            records[id] = record
        case .sequence, .loop:
            record.execution.status = .waitingForChildren
            record.execution.startedAt = now
            record.execution.waitingForChildrenAt = now
            record.execution.activeChildren = 1
            record.descent = []
            records[id] = record
            plantFirstMember(of: record)
        }
    }

    private func plantFirstMember(of record: Record) {
        let execution = record.execution
        let itself = NewExecution(
            taskID: execution.taskID,
            kind: execution.kind,
            input: execution.input,
            options: execution.options
        )
        guard let member = itself.firstMember else { return }
        let role = Family.Role.child(index: 0, isOnly: false)
        let seeds = Seed.seeds(of: member, id: freshID(), parent: parent(record, role), nextID: freshID)
        guard sleeperConflict(in: seeds) == nil else {
            let error = ExecutionError.memberFailed(execution.taskID, 0, StorageError.sleeperNameTaken)
            return apply(.finish(.finalizeFailed(error)), to: execution.id)
        }
        plant(seeds)
    }

    // MARK: Planting

    /// The first of the seeds whose sleeper's name is taken.
    func sleeperConflict(in seeds: [Seed]) -> Int? {
        var names: Set<String> = []
        return seeds.firstIndex { seed in
            guard case .asleep(let name) = seed.place else { return false }
            guard names.insert(name).inserted else { return true }
            guard let known = knownSleeper(name) else { return false }
            return known.execution != nil || known.taskID != seed.new.taskID
        }
    }

    /// The sleeper of that name, or the wake-up kept for one.
    func knownSleeper(_ name: String) -> Sleeper? {
        guard let sleeper = sleepers[name], sleeper.execution != nil || sleeper.keptUntil > now() else { return nil }
        return sleeper
    }

    func plant(_ seeds: [Seed]) {
        for seed in seeds { plant(seed) }
    }

    private func plant(_ seed: Seed) {
        let now = now()
        let new = seed.new
        var execution = Execution(
            id: seed.id,
            taskID: new.taskID,
            kind: new.kind,
            family: seed.family,
            options: new.options,
            priority: seed.priority,
            input: new.input,
            createdAt: now,
            updatedAt: now,
            startAt: now.adding(milliseconds: seed.delayMs),
            deadline: seed.deadlineMs.map { now.adding(milliseconds: $0) }
        )
        var wakeUp: WakeUp.Result?
        switch seed.place {
        case .ready:
            break
        case .asleep(let name):
            execution.status = .running
            execution.startedAt = now
            wakeUp = knownSleeper(name)?.wakeUp
            sleepers[name] = Sleeper(taskID: new.taskID, execution: seed.id, keptUntil: now)
        case .waitingForChildren:
            execution.status = .waitingForChildren
            execution.startedAt = now
            execution.waitingForChildrenAt = now
            execution.activeChildren = 1
        }
        records[seed.id] = Record(
            execution: execution,
            trace: seed.trace,
            idempotencyKey: new.idempotencyKey,
            expiresInMs: new.expiresInMs
        )
        if let parent = seed.family?.parent.executionID { records[parent]?.descent.append(seed.id) }
        if let wakeUp { apply(.finish(wakeUp.ending), to: seed.id) }
    }

    // MARK: Parts

    private func update(_ execution: Execution, at now: Timestamp) {
        var execution = execution
        execution.updatedAt = now
        records[execution.id]?.execution = execution
    }

    private func parent(_ record: Record, _ role: Family.Role) -> Seed.Parent {
        Seed.Parent(
            reference: record.execution.reference,
            root: record.execution.family?.root,
            attempt: record.execution.attempt,
            priority: record.execution.priority,
            trace: record.trace,
            role: role
        )
    }

    /// Which of its children a seed stems from.
    private func index(of seed: Seed, under id: ExecutionID, in seeds: [Seed]) -> Int {
        var seed = seed
        while let family = seed.family, family.parent.executionID != id,
            let parent = seeds.first(where: { $0.id == family.parent.executionID })
        {
            seed = parent
        }
        return seed.family?.index ?? 0
    }

    private func remember(_ end: AttemptRecord.End, of execution: Execution, error: ExecutionError?, at now: Timestamp)
    {
        guard let startedAt = execution.startedAt else { return }
        records[execution.id]?.history.append(
            AttemptRecord(
                attempt: execution.attempt,
                workerID: execution.workerID,
                workerName: nil,
                startedAt: startedAt,
                endedAt: now,
                end: end,
                error: end == .retried ? error : nil
            )
        )
    }
}
