import CLibPQ

extension Connection {
    /// Runs statements in one round trip and, outside of a transaction, in one commit: all of them or none.
    ///
    /// Each sees what those before it wrote. The error is that of the first statement that failed, or of the commit.
    ///
    /// - Parameters:
    ///   - statements: At least one.
    ///   - follower: Sent along, outside of a transaction only, and run in a commit of its own when that of the others is
    ///     through, whatever came of it. Nobody waits for its answer or hears of its failure.
    /// - Returns: The rows of each, in order.
    package mutating func pipeline(
        _ statements: [SQL],
        follower: SQL? = nil
    ) throws(DatabaseError) -> [Rows] {
        try repeatingStale(statements[0]) { (connection: inout Connection) throws(DatabaseError) in
            try connection.sendAtOnce(statements, follower)
        }
    }

    private mutating func sendAtOnce(_ statements: [SQL], _ follower: SQL?) throws(DatabaseError) -> [Rows] {
        // Preparing is a round trip of its own, at the first use only.
        var names: [String?] = []
        for statement in statements { names.append(keepsStatements ? try prepare(statement) : nil) }
        var followerName: String?
        if let follower, keepsStatements { followerName = try prepare(follower) }
        let mayCommit = transactionStatus == .none

        var isSent = PQenterPipelineMode(raw) == 1
        for (statement, name) in zip(statements, names) where isSent { isSent = try push(statement, name) }
        isSent = isSent && PQpipelineSync(raw) == 1
        if isSent, let follower, try push(follower, followerName), PQpipelineSync(raw) == 1 { follows(follower) }
        defer {
            if !isFollowed, PQexitPipelineMode(raw) != 1 { abandon() }
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

    /// Reads what the last follower brought, if there was one: the connection is of no use to others before.
    mutating func awaitFollower() {
        guard let follower = takeFollower() else { return }
        do throws(DatabaseError) {
            _ = try receive([follower], mayCommit: false)
        } catch {
            // What the server may have forgotten is prepared anew.
            if PQexitPipelineMode(raw) == 1 { forget(follower.text) } else { abandon() }
            return
        }
        if PQexitPipelineMode(raw) != 1 { abandon() }
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
