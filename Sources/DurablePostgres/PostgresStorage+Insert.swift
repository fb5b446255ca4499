import DurableCore
import LibPQ

/// Why an insert failed.
enum InsertFailure: Error {
    case database(DatabaseError)
    /// The idempotency key of the execution at that index belongs to another input.
    case conflict(index: Int)

    /// Whether it may have happened all the same.
    var isUnknown: Bool {
        if case .database(let error) = self { error.outcomeUnknown } else { false }
    }
}

extension PostgresStorage {
    typealias Identified = (id: ExecutionID, execution: NewExecution)

    /// Inserts executions under ids that are fixed, so that it can be done again when its fate is unknown.
    func insert(_ new: [Identified], again: Bool) async throws(InsertFailure) -> [Insertion] {
        let statements = statements
        let result: Result<[Insertion], InsertFailure>
        do {
            if new.allSatisfy({ $0.execution.idempotencyKey == nil }) {
                let statement = statements.insert(new, again: again)
                _ = try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement)
                }
                result = .success(new.map { .inserted($0.id) })
            } else {
                result = try await pool.withConnection { connection throws(DatabaseError) in
                    try Self.insertKeyed(new, again: again, statements, &connection)
                }
            }
        } catch {
            throw .database(error)
        }
        return try result.get()
    }

    /// Takes the keys, inserts what has got its key or needs none, and answers the others with the execution that holds
    /// theirs: all in one transaction, of which nothing remains if a holder has another input.
    private static func insertKeyed(
        _ new: [Identified],
        again: Bool,
        _ statements: Statements,
        _ connection: inout Connection
    ) throws(DatabaseError) -> Result<[Insertion], InsertFailure> {
        var conflict: Int?
        do {
            return try connection.transaction { connection throws(DatabaseError) in
                let taken = try takeKeys(of: new, statements, &connection)
                let granted = new.filter { $0.execution.idempotencyKey == nil || taken.contains($0.id) }
                if !granted.isEmpty { _ = try connection.query(statements.insert(granted, again: again)) }
                let holders = try holders(of: new.filter { !taken.contains($0.id) }, statements, &connection)

                var insertions: [Insertion] = []
                for (index, new) in new.enumerated() {
                    guard let key = Key(new.execution), !taken.contains(new.id) else {
                        insertions.append(.inserted(new.id))
                        continue
                    }
                    guard let holder = holders[key] else {
                        throw .decoding("an idempotency key's execution was pruned while it was asked for")
                    }
                    if holder.input != new.execution.input {
                        conflict = index
                        // Rolls back; what is thrown is replaced below.
                        throw .decoding("an idempotency key belongs to another input")
                    }
                    insertions.append(holder.id == new.id ? .inserted(new.id) : .existing(holder.id))
                }
                return .success(insertions)
            }
        } catch {
            guard let conflict else { throw error }
            return .failure(.conflict(index: conflict))
        }
    }

    private struct Key: Hashable {
        let taskID: TaskID
        let key: String

        init(taskID: TaskID, key: String) {
            self.taskID = taskID
            self.key = key
        }

        init?(_ new: NewExecution) {
            guard let key = new.idempotencyKey else { return nil }
            self.init(taskID: new.taskID, key: key)
        }
    }

    private struct Holder {
        let id: ExecutionID
        let input: Payload
    }

    private static func takeKeys(
        of new: [Identified],
        _ statements: Statements,
        _ connection: inout Connection
    ) throws(DatabaseError) -> Set<ExecutionID> {
        let wanted = new.compactMap { new in
            new.execution.idempotencyKey.map { (taskID: new.execution.taskID, key: $0, id: new.id) }
        }
        var taken: Set<ExecutionID> = []
        for row in try connection.query(statements.takeKeys(wanted)) {
            taken.insert(ExecutionID(bits: try row.uuid(0)))
        }
        return taken
    }

    private static func holders(
        of new: [Identified],
        _ statements: Statements,
        _ connection: inout Connection
    ) throws(DatabaseError) -> [Key: Holder] {
        let keys = new.compactMap { Key($0.execution) }
        guard !keys.isEmpty else { return [:] }
        var holders: [Key: Holder] = [:]
        for row in try connection.query(statements.keyHolders(keys.map { ($0.taskID, $0.key) })) {
            let key = Key(taskID: TaskID(try row.string(0)), key: try row.string(1))
            holders[key] = Holder(
                id: ExecutionID(bits: try row.uuid(2)),
                input: Payload(json: try row.bytesIfPresent(3), meta: try row.bytesIfPresent(4))
            )
        }
        return holders
    }
}
