import DurableCore
import LibPQ

/// Having finished executions run again, within a transaction.
struct Retrying {
    let statements: Statements

    func retry(_ id: ExecutionID, _ connection: inout Connection) throws(DatabaseError) -> RetryResult {
        guard let row = try connection.query(statements.retryable(id)).first else { return .notFound }
        guard let status = try row.stringIfPresent(0).flatMap(ExecutionStatus.init(rawValue:)) else {
            let execution = try Execution(row: try connection.query(statements.executions([id])).only())
            return .isUnfinished(execution.status)
        }
        if status == .completed { return .isCompleted }
        let kind = try row.kind(2)
        // Pruning has begun to delete it.
        if kind.isChain, try connection.query(statements.lastChild(of: id)).isEmpty { return .notFound }
        if let parent = try row.reference(id: 4, task: 3), try row.bool(5) { return .parentIsUnfinished(parent) }
        try retryFinished(
            ExecutionReference(taskID: TaskID(try row.string(1)), executionID: id),
            kind: kind,
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
                ExecutionReference(taskID: TaskID(try row.string(1)), executionID: child),
                kind: try row.kind(2),
                status: status,
                &connection
            )
        }
    }

    private func restart(_ id: ExecutionID, _ kind: TaskKind, _ connection: inout Connection) throws(DatabaseError) {
        try cancelDescent(of: id, &connection)
        let waitsFor: String? =
            switch kind {
            case .single, .parent: nil
            case .sleeping: "wake_up"
            case .sequence, .loop: "children"
            }
        _ = try connection.query(statements.restart(id, waitsFor: waitsFor, timesOut: kind == .sleeping))
    }
    /// What its last attempt brought and is not cancelled yet does not go on beside what the next one brings.
    private func cancelDescent(of id: ExecutionID, _ connection: inout Connection) throws(DatabaseError) {
        // What is leased at this very moment escapes one look.
        for _ in 0..<100 {
            var finishings: [Statements.Finishing] = []
            for row in try connection.query(statements.descent(of: [id], limit: .max)) {
                finishings.append(try Statements.Finishing(descendant: row))
            }
            if finishings.isEmpty { return }
            _ = try connection.query(statements.finish(finishings, waits: true))
        }
    }
}

extension Statements.Finishing {
    /// How a child ends whose parent has ended without completing: reads the columns of `Statements.descent`.
    init(descendant row: Row) throws(DatabaseError) {
        guard let parent = try row.reference(id: 2, task: 1) else { throw .decoding("column 2 is null") }
        let error = ExecutionError.parentFailed(parent, try row.executionError(3))
        self.init(id: ExecutionID(bits: try row.uuid(0)), ending: .cancelled(error))
    }
}
