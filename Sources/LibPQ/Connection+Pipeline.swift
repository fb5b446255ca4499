import CLibPQ

/// A statement that travels behind others and is run in a commit of its own when theirs is through, or has failed.
package struct Follower: Sendable {
    let statement: SQL
    /// Called when it has run, or could not be sent, with the error if there was one; must not block.
    ///
    /// Once more when the others had to be sent once more.
    let afterwards: @Sendable (DatabaseError?) -> Void

    package init(_ statement: SQL, afterwards: @escaping @Sendable (DatabaseError?) -> Void) {
        self.statement = statement
        self.afterwards = afterwards
    }
}

extension Connection {
    /// Runs statements in one round trip and, outside of a transaction, in one commit: all of them or none.
    ///
    /// Each sees what those before it wrote. The error is that of the first statement that failed, or of the commit.
    ///
    /// - Parameters:
    ///   - statements: At least one.
    ///   - follower: Sent along, never within a transaction. What comes of it is no matter to the others.
    /// - Returns: The rows of each, in order.
    package mutating func pipeline(
        _ statements: [SQL],
        follower: Follower? = nil
    ) throws(DatabaseError) -> [Rows] {
        precondition(follower == nil || transactionStatus != .open)
        awaitFollower()
        defer {
            if self.follower == nil { follower?.afterwards(DatabaseError(.connectionLost)) }
        }
        return try repeatingStale(statements[0]) { (connection: inout Connection) throws(DatabaseError) in
            try connection.sendAtOnce(statements, follower)
        }
    }

    private mutating func sendAtOnce(_ statements: [SQL], _ follower: Follower?) throws(DatabaseError) -> [Rows] {
        // Preparing is a round trip of its own, at the first use only.
        var names: [String?] = []
        for statement in statements { names.append(keepsStatements ? try prepare(statement) : nil) }
        let followerName = try? follower.flatMap { keepsStatements ? try prepare($0.statement) : nil }
        let mayCommit = transactionStatus == .none

        var isSent = PQenterPipelineMode(raw) == 1
        defer {
            if self.follower == nil, PQexitPipelineMode(raw) != 1 { abandon() }
        }
        for (statement, name) in zip(statements, names) where isSent { isSent = try push(statement, name) }
        isSent = isSent && PQpipelineSync(raw) == 1
        if isSent, let follower, (try? push(follower.statement, followerName)) == true, PQpipelineSync(raw) == 1 {
            self.follower = follower
        }
        guard isSent else { throw failure(nil, text: statements.first?.text ?? "", mayCommit: mayCommit) }
        return try receive(statements, mayCommit: mayCommit)
    }

    private func push(_ statement: SQL, _ name: String?) throws(DatabaseError) -> Bool {
        try statement.withParameters { values, lengths, formats, types in
            let count = Int32(truncatingIfNeeded: statement.parameters.count)
            let binary: Int32 = 1
            return if let name {
                PQsendQueryPrepared(raw, name, count, values, lengths, formats, binary) == 1
            } else {
                PQsendQueryParams(raw, statement.text, count, types, values, lengths, formats, binary) == 1
            }
        }
    }

    /// Waits for the answer to a follower that was sent, if there is one: before, the connection is of no use to others.
    mutating func awaitFollower() {
        guard let follower else { return }
        self.follower = nil
        var failure: DatabaseError?
        do throws(DatabaseError) {
            _ = try receive([follower.statement], mayCommit: false)
        } catch {
            failure = error
        }
        if PQexitPipelineMode(raw) != 1 { abandon() }
        if failure?.isStaleStatement == true { forget(follower.statement.text) }
        follower.afterwards(failure)
    }

    /// Reads up to where the server has committed, or has given up.
    private mutating func receive(_ statements: [SQL], mayCommit: Bool) throws(DatabaseError) -> [Rows] {
        var answers: [Rows] = []
        var failure: DatabaseError?
        // A null ends the answer to each statement; a second one says that nothing comes any more.
        var wasNull = false
        while true {
            guard let result = PQgetResult(raw) else {
                if wasNull { break }
                wasNull = true
                continue
            }
            wasNull = false
            let status = PQresultStatus(result)
            guard status != PGRES_PIPELINE_SYNC, status != PGRES_PIPELINE_ABORTED else {
                PQclear(result)
                if status == PGRES_PIPELINE_SYNC { break }
                continue
            }
            let statement = statements[Swift.min(answers.count, statements.count - 1)]
            do throws(DatabaseError) {
                answers.append(try checked(result, text: statement.text, mayCommit: mayCommit))
            } catch {
                failure = failure ?? error
            }
        }
        guard failure == nil, answers.count == statements.count else {
            throw failure ?? self.failure(nil, text: statements[0].text, mayCommit: mayCommit)
        }
        return answers
    }
}
