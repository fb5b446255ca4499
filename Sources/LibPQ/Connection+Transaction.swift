/// How a transaction sees what others do meanwhile.
package enum Isolation: String, Sendable {
    case readCommitted = "read committed"
    case repeatableRead = "repeatable read"
    case serializable
}

extension Connection {
    /// Runs the body in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// The body is synchronous, so no transaction is ever open across an `await`. Within another transaction it becomes a
    /// savepoint: throwing undoes the inner body only.
    package mutating func transaction<Value>(
        isolation: Isolation = .readCommitted,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        awaitFollower()
        guard transactionStatus == .none else { return try savepoint(body) }
        if let interruption = control.interruption {
            throw interruption.error(outcomeUnknown: false, report: ServerReport(statement: "begin"))
        }
        _ = try command("begin isolation level \(isolation.rawValue)")
        let value = try undoing("rollback", body)
        if let interruption = control.interruption {
            undo("rollback")
            throw interruption.error(outcomeUnknown: false, report: ServerReport(statement: "commit"))
        }
        // From here on the server's answer is the truth, also for a caller that gives up meanwhile.
        let answer: Rows
        do throws(DatabaseError) {
            answer = try command("commit", mayCommit: true)
        } catch {
            if transactionStatus != .none { abandon() }
            throw error
        }
        // A body that swallowed an error left a failed transaction, and PostgreSQL answers `commit` with a rollback.
        guard answer.commandTag == "COMMIT" else {
            throw DatabaseError(
                .server,
                sqlState: .failedTransaction,
                report: ServerReport(message: "a statement in the transaction had failed", statement: "commit")
            )
        }
        return value
    }

    private mutating func savepoint<Value>(
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        let name = nextSavepoint()
        _ = try command("savepoint \(name)")
        let value = try undoing("rollback to savepoint \(name)", body)
        _ = try command("release savepoint \(name)")
        return value
    }

    private mutating func undoing<Value>(
        _ undo: String,
        _ body: (inout Connection) throws(DatabaseError) -> Value
    ) throws(DatabaseError) -> Value {
        do throws(DatabaseError) {
            return try body(&self)
        } catch {
            self.undo(undo)
            throw error
        }
    }

    private mutating func undo(_ text: String) {
        do throws(DatabaseError) {
            _ = try command(text)
        } catch {
            abandon()
        }
    }
}
