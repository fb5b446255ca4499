package import DurableCore
import DurableWire
import LibPQ

extension PostgresStorage {
    package func reclaim(limit: Int, maxLeaseLosses: Int) async throws(StorageError) -> Progress {
        let statements = statements
        return try await storing { () throws(DatabaseError) in
            try await pool.withConnection { connection throws(DatabaseError) in
                // Two statements: the second one's snapshot is taken when no claim of a lost worker is in flight any more.
                _ = try connection.query(statements.loseWorkers)
                return try connection.transaction { connection throws(DatabaseError) in
                    let orphans = try connection.query(statements.orphans(limit: limit))
                    var settlings: [Statements.Settling] = []
                    for row in orphans {
                        let settlement = Settlement(lost: try Self.orphan(row), maxLeaseLosses: maxLeaseLosses)
                        if let settling = settlement.flatMap(Statements.Settling.init) { settlings.append(settling) }
                    }
                    guard !settlings.isEmpty else { return Progress() }
                    let count = try connection.query(statements.settle(settlings)).count
                    return Progress(count: count, isMore: count == limit, signals: [.ready, .finished, .upkeep])
                }
            }
        }
    }

    package func advance(limit: Int) async throws(StorageError) -> Progress {
        let families = Families(statements: statements)
        return try await storing { () throws(DatabaseError) in
            try await pool.withConnection { connection throws(DatabaseError) in
                try families.advance(limit: limit, &connection)
            }
        }
    }

    package func expire(limit: Int) async throws(StorageError) -> Progress {
        let statements = statements
        return try await transaction { connection throws(DatabaseError) in
            var finishings: [Statements.Finishing] = []
            for row in try connection.query(statements.overdue(limit: limit)) {
                finishings.append(
                    Statements.Finishing(id: ExecutionID(bits: try row.uuid(0)), ending: .timedOut(.timedOut))
                )
            }
            let count = finishings.isEmpty ? 0 : try connection.query(statements.finish(finishings, waits: false)).count
            let next = try connection.query(statements.nextDeadline).first?.doubleIfPresent(0) ?? nil
            return Progress(
                count: count,
                // One that moves at this moment is looked at again in a moment.
                isMore: count > 0 && finishings.count == limit,
                signals: count == 0 ? [] : [.finished, .cancelled, .upkeep],
                nextDueMs: count < finishings.count ? min(next ?? 100, 100) : next
            )
        }
    }

    package func applyRequests(limit: Int) async throws(StorageError) -> Progress {
        let rows = try await query(statements.claimRequests(limit: limit))
        let requests = try decodeAll(rows) { row throws(DatabaseError) in try Request(row: row) }
        for request in requests {
            let result = try await apply(request.verb)
            _ = try await query(statements.applied(request.id, result))
        }
        return Progress(
            count: requests.count,
            isMore: requests.count == limit,
            signals: requests.isEmpty ? [] : [.ready, .finished, .cancelled, .upkeep]
        )
    }

    package func prune(
        finishedForMs ageMs: Double,
        from cursor: ExecutionID?,
        limit: Int
    ) async throws(StorageError) -> Pruning {
        if cursor == nil {
            _ = try await query(statements.pruneWorkers(endedForMs: ageMs))
            _ = try await query(statements.pruneWakeUps)
            _ = try await query(statements.pruneRequests(appliedForMs: ageMs))
        }
        let rows = try await query(statements.prune(finishedForMs: ageMs, from: cursor, limit: limit))
        return try decode { () throws(DatabaseError) in
            let row = try rows.only()
            let last = try row.uuidIfPresent(2).map(ExecutionID.init(bits:))
            return Pruning(deleted: try row.int(1), next: try row.int(0) == limit ? last : nil)
        }
    }

    // MARK: Parts

    /// Reads the columns of `Statements.orphans`.
    private static func orphan(_ row: Row) throws(DatabaseError) -> (LeaseID, ExecutionStateMachine.State) {
        let lease = try leaseID(row)
        let state = ExecutionStateMachine.State(
            execution: ExecutionReference(taskID: TaskID(try row.string(5)), executionID: lease.executionID),
            status: .running,
            retryOptions: RetryOptions(maxAttempts: try row.int(4)),
            retryAttempts: try row.int(2),
            leaseLosses: try row.int(3)
        )
        return (lease, state)
    }

    /// What somebody asked for in SQL.
    private struct Request {
        enum Verb {
            case cancel(ExecutionID)
            case retry(ExecutionID)
            case wake(TaskID, String, WakeUp.Result)
            case malformed(String)
        }

        let id: UInt128
        let verb: Verb

        init(row: Row) throws(DatabaseError) {
            id = try row.uuid(0)
            let execution = try row.uuidIfPresent(2).map(ExecutionID.init(bits:))
            switch (try row.string(1), execution) {
            case ("cancel", let execution?):
                verb = .cancel(execution)
            case ("retry", let execution?):
                verb = .retry(execution)
            case ("wake_up", _):
                guard let task = try row.stringIfPresent(3), let name = try row.stringIfPresent(4), !name.isEmpty else {
                    verb = .malformed("a wake-up needs a task and a unique id")
                    return
                }
                let failure = try row.stringIfPresent(6).map { WakeUp.Result.failed(.nonRetryable($0)) }
                let output = Payload(json: try row.bytesIfPresent(5))
                verb = .wake(TaskID(task), name, failure ?? .completed(output))
            default:
                verb = .malformed("the request names no execution")
            }
        }
    }

    private func apply(_ verb: Request.Verb) async throws(StorageError) -> String {
        switch verb {
        case .cancel(let id):
            if try await !cancel([id]).isEmpty { return "cancelled" }
            guard let execution = try await executions([id])[id] else { return "not found" }
            return "was \(execution.status.rawValue)"
        case .retry(let id):
            switch try await retry(id) {
            case .retried: return "retried"
            case .notFound: return "not found"
            case .isUnfinished: return "not retried: it has not finished"
            case .isCompleted: return "not retried: it is completed"
            case .parentIsUnfinished(let parent):
                return "not retried: its parent \(parent.executionID) has not finished"
            }
        case .wake(let taskID, let name, let result):
            let wakeUp = WakeUp(taskID: taskID, uniqueID: name, result: result, keptForMs: Self.wakeUpRetentionMs)
            switch try await wake(wakeUp) {
            case .wokenUp(let sleeper): return "woke up \(sleeper.executionID)"
            case .wasFinished(let sleeper): return "\(sleeper.executionID) had finished"
            case .kept: return "kept for the sleeper to come"
            case .notFound: return "not found"
            case .ofAnotherTask(let sleeper): return "refused: the name is of task \(sleeper.taskID)"
            }
        case .malformed(let reason):
            return "refused: \(reason)"
        }
    }

    /// How long a wake-up that was asked for in SQL is kept for its sleeper.
    private static let wakeUpRetentionMs: Double = 3_600_000
}
