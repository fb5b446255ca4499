import DurableCore
import LibPQ

/// Why an insert failed.
enum InsertFailure: Error {
    case database(DatabaseError)
    /// The idempotency key of the execution at that index belongs to another input.
    case conflict(index: Int)
    /// The execution at that index is, or begins with, a sleeper whose name is taken.
    case sleeperConflict(index: Int)

    /// Whether it may have happened all the same.
    var isUnknown: Bool {
        if case .database(let error) = self { error.outcomeUnknown } else { false }
    }
}

/// An execution to be inserted, under an identity that is fixed.
struct Planted: Sendable {
    let execution: NewExecution
    /// The execution itself first, then the members that it begins with.
    let seeds: [Seed]
    let id: ExecutionID

    init(_ execution: NewExecution, at now: Timestamp) {
        self.execution = execution
        id = .fresh(at: now)
        seeds = Seed.seeds(of: execution, id: id) { .fresh(at: now) }
    }
}

extension PostgresStorage {
    /// Inserts executions under ids that are fixed, so that it can be done again when its fate is unknown.
    func insert(
        _ new: [Planted],
        again: Bool,
        announcing signals: inout Set<Signal>
    ) async throws(InsertFailure) -> [Insertion] {
        let statements = statements
        let result: Result<[Insertion], InsertFailure>
        do {
            if new.allSatisfy(\.isPlain) {
                let statement = statements.insert(new.flatMap(\.seeds), again: again)
                let untold = signals
                let told = try await pool.withConnection(deadline: Self.deadline) { connection throws(DatabaseError) in
                    try write([statement], telling: untold, &connection).told
                }
                signals.subtract(told)
                result = .success(new.map { .inserted($0.id) })
            } else {
                result = try await pool.withConnection(deadline: Self.deadline) { connection throws(DatabaseError) in
                    try Self.insertNamed(new, again: again, statements, &connection)
                }
            }
        } catch {
            throw .database(error)
        }
        return try result.get()
    }

    /// Takes the keys and the sleepers' names, inserts what has got its key or needs none, and answers the others with the execution that holds
    /// theirs: all in one transaction, of which nothing remains if a holder has another input.
    private static func insertNamed(
        _ new: [Planted],
        again: Bool,
        _ statements: Statements,
        _ connection: inout Connection
    ) throws(DatabaseError) -> Result<[Insertion], InsertFailure> {
        var failure: InsertFailure?
        do {
            return try connection.transaction { connection throws(DatabaseError) in
                let taken = try takeKeys(of: new, statements, &connection)
                let granted = new.filter { $0.execution.idempotencyKey == nil || taken.contains($0.id) }
                let seeds = granted.flatMap(\.seeds)
                if let refused = try Planting(statements: statements).plant(seeds, again: again, &connection) {
                    let index = new.firstIndex { $0.seeds.contains { $0.id == seeds[refused].id } }
                    failure = .sleeperConflict(index: index ?? 0)
                    // Rolls back; what is thrown is replaced below.
                    throw .decoding("the name of a sleeper is taken")
                }
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
                        failure = .conflict(index: index)
                        throw .decoding("an idempotency key belongs to another input")
                    }
                    insertions.append(holder.id == new.id ? .inserted(new.id) : .existing(holder.id))
                }
                return .success(insertions)
            }
        } catch {
            guard let failure else { throw error }
            return .failure(failure)
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
        of new: [Planted],
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
        of new: [Planted],
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

extension Planted {
    /// Whether one statement inserts it: no name that others may have.
    fileprivate var isPlain: Bool {
        execution.idempotencyKey == nil && !seeds.contains { if case .asleep = $0.place { true } else { false } }
    }
}
