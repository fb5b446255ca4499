package import DurableCore
import LibPQ

extension PostgresStorage {
    package func wake(_ wakeUp: WakeUp) async throws(StorageError) -> WakeUpResult {
        let statements = statements
        return try await transaction { connection throws(DatabaseError) in
            // The name may become known, or forgotten, between the two looks.
            for _ in 0..<Self.tries {
                if let row = try connection.query(statements.sleeper(wakeUp.uniqueID)).first {
                    guard let sleeper = try row.reference(id: 1, task: 0) else { return .kept }
                    guard sleeper.taskID == wakeUp.taskID else { return .ofAnotherTask(sleeper) }
                    let finishing = Statements.Finishing(id: sleeper.executionID, ending: wakeUp.result.ending)
                    let isWoken = try !connection.query(statements.finish([finishing], waits: true)).isEmpty
                    return isWoken ? .wokenUp(sleeper) : .wasFinished(sleeper)
                }
                guard wakeUp.keptForMs > 0 else { return .notFound }
                let isKept = try !connection.query(statements.keep(wakeUp, wakeUp.result.ending)).isEmpty
                if isKept { return .kept }
            }
            return .kept
        }
    }

    package func retry(_ id: ExecutionID) async throws(StorageError) -> RetryResult {
        let statements = statements
        return try await transaction { connection throws(DatabaseError) in
            try Retrying(statements: statements).retry(id, &connection)
        }
    }

    package func attempts(of id: ExecutionID) async throws(StorageError) -> [AttemptRecord] {
        let rows = try await query(statements.attempts(of: id))
        var attempts = try decodeAll(rows) { row throws(DatabaseError) in try AttemptRecord(row: row) }
        guard let execution = try await executions([id])[id],
            var last = AttemptRecord(lastOf: execution, workerName: nil),
            !attempts.contains(where: { $0.attempt == last.attempt })
        else { return attempts }
        if let worker = last.workerID {
            let rows = try await query(statements.name(of: worker))
            last.workerName = try decodeAll(rows) { row throws(DatabaseError) in try row.string(0) }.first
        }
        attempts.append(last)
        return attempts
    }

    private static let tries = 10
}

/// Having finished executions run again, within a transaction.
struct Retrying {
    let statements: Statements

    func retry(_ id: ExecutionID, _ connection: inout Connection) throws(DatabaseError) -> RetryResult {
        guard let row = try connection.query(statements.retryable(id)).first else { return .notFound }
        guard let status = try row.stringIfPresent(0).flatMap(ExecutionStatus.init(rawValue:)) else {
            return .isUnfinished(try row.stringIfPresent(1) == "finalize" ? .waitingForFinalize : .running)
        }
        if status == .completed { return .isCompleted }
        if let parent = try row.reference(id: 5, task: 4), try row.bool(6) { return .parentIsUnfinished(parent) }
        try retryFinished(
            ExecutionReference(taskID: TaskID(try row.string(2)), executionID: id),
            kind: try row.kind(3),
            status: status,
            &connection
        )
        return .retried
    }

    private func retryFinished(
        _ execution: ExecutionReference,
        kind: TaskKind,
        status: ExecutionStatus,
        _ connection: inout Connection
    ) throws(DatabaseError) {
        let id = execution.executionID
        let last =
            kind.isChain || status == .finalizeFailed ? try connection.query(statements.lastChild(of: id)).first : nil
        let state = ExecutionStateMachine.State(execution: execution, kind: kind, status: status)
        let transition = try? ExecutionStateMachine.transition(from: state, on: .retried(isResumable: last != nil))
        guard transition == .resume, let last else {
            return try restart(id, kind, &connection)
        }
        let child = ExecutionID(bits: try last.uuid(0))
        _ = try connection.query(statements.resume(id, waitsFor: try last.bool(2) ? "finalize" : "children"))
        switch try last.stringIfPresent(1).flatMap(ExecutionStatus.init(rawValue:)) {
        case nil: break
        case .completed: _ = try connection.query(statements.close(child))
        case let status?:
            guard let row = try connection.query(statements.retryable(child)).first else { return }
            try retryFinished(
                ExecutionReference(taskID: TaskID(try row.string(2)), executionID: child),
                kind: try row.kind(3),
                status: status,
                &connection
            )
        }
    }

    private func restart(_ id: ExecutionID, _ kind: TaskKind, _ connection: inout Connection) throws(DatabaseError) {
        let waitsFor: String? =
            switch kind {
            case .single, .parent: nil
            case .sleeping: "wake_up"
            case .sequence, .loop: "children"
            }
        _ = try connection.query(statements.restart(id, waitsFor: waitsFor, timesOut: kind == .sleeping))
    }
}
