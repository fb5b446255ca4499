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
