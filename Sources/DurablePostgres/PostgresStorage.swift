package import DurableCore
import DurableWire
package import LibPQ
package import Logging

/// Executions in PostgreSQL.
///
/// Each verb is one statement, or one short transaction, on one connection; see `Statements.swift` for what they do and
/// which index they stand on.
package struct PostgresStorage: Storage {
    let pool: ConnectionPool
    let statements: Statements
    let logger: Logger

    /// - Parameter schema: The SQL schema that `durable migrate` has filled.
    package init(pool: ConnectionPool, schema: String, logger: Logger) {
        self.pool = pool
        self.statements = Statements(schema: schema)
        self.logger = logger
    }

    // MARK: Producers

    package func insert(_ executions: [NewExecution]) async throws(StorageError) -> [Insertion] {
        guard !executions.isEmpty else { return [] }
        let now = WallClock.now()
        let new = executions.map { (id: ExecutionID.fresh(at: now), execution: $0) }
        do {
            return try await insert(new, again: false)
        } catch {
            guard error.isUnknown else { throw error.storageError }
            // The commit may have happened: the same ids once more find out, and change nothing if it has.
            logger.notice("An enqueue is tried again: the connection was lost before the answer came")
        }
        do {
            return try await insert(new, again: true)
        } catch {
            throw error.storageError
        }
    }

    package func executions(_ ids: [ExecutionID]) async throws(StorageError) -> [ExecutionID: Execution] {
        let statement = statements.executions(ids)
        let rows = try await query(statement)
        return try decode { () throws(DatabaseError) in
            var found: [ExecutionID: Execution] = [:]
            for row in rows {
                let execution = try Execution(row: row)
                found[execution.id] = execution
            }
            return found
        }
    }

    package func settled(among ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID> {
        guard !ids.isEmpty else { return [] }
        let rows = try await query(statements.settled(among: ids))
        return Set(try decodeAll(rows) { row throws(DatabaseError) in ExecutionID(bits: try row.uuid(0)) })
    }

    package func list(_ query: ExecutionQuery) async throws(StorageError) -> [Execution] {
        let rows = try await self.query(statements.list(query))
        return try decodeAll(rows) { row throws(DatabaseError) in try Execution(row: row) }
    }

    package func cancel(_ ids: [ExecutionID]) async throws(StorageError) -> Set<ExecutionID> {
        var cancelled: Set<ExecutionID> = []
        // One at a time, so that two who cancel the same executions cannot wait for each other.
        for id in Set(ids).sorted() {
            // An execution that is leased, or given back, at this very moment is in neither place; look again.
            for _ in 0..<Self.cancelTries {
                let rows = try await query(statements.cancel([id], error: ExecutionError.cancelled.json.encode()))
                if !rows.isEmpty { cancelled.insert(id) }
                guard rows.isEmpty, try await settled(among: [id]).isEmpty else { break }
            }
        }
        return cancelled
    }

    private static let cancelTries = 100

    // MARK: Tasks

    package func register(_ tasks: [TaskDefinition]) async throws(StorageError) -> Set<TaskID> {
        guard !tasks.isEmpty else { return [] }
        let rows = try await query(statements.register(tasks))
        let written = try decodeAll(rows) { row throws(DatabaseError) in
            (id: TaskID(try row.string(0)), wasThere: try row.bool(1))
        }
        return Set(written.filter(\.wasThere).map(\.id))
    }

    package func tasks() async throws(StorageError) -> [TaskDefinition] {
        try decodeAll(try await query(statements.tasks)) { row throws(DatabaseError) in try TaskDefinition(row: row) }
    }

    // MARK: Workers

    package func register(_ worker: WorkerRegistration) async throws(StorageError) {
        _ = try await query(statements.register(worker))
    }

    package func renew(_ worker: WorkerID, holding leases: [LeaseID]) async throws(StorageError) -> Renewal? {
        let rows = try await query(statements.renew(worker, holding: leases))
        return try decode { () throws(DatabaseError) in
            var lost: Set<LeaseID> = []
            for row in rows {
                guard try row.bool(0) else { return nil }
                guard let id = try row.uuidIfPresent(1) else { continue }
                lost.insert(LeaseID(executionID: ExecutionID(bits: id), attempt: try row.int(2)))
            }
            return Renewal(lost: lost)
        }
    }

    package func retire(_ worker: WorkerID) async throws(StorageError) {
        _ = try await query(statements.retire(worker))
    }

    package func lease(_ request: LeaseRequest) async throws(StorageError) -> LeaseBatch {
        guard request.limit > 0 else { return LeaseBatch(leases: [], nextDueMs: nil) }
        let rows = try await query(statements.lease(request))
        return try decode { () throws(DatabaseError) in
            var leases: [Lease] = []
            leases.reserveCapacity(rows.count)
            var nextDueMs: Double?
            for row in rows {
                nextDueMs = try row.doubleIfPresent(0)
                if let lease = try Lease(row: row) { leases.append(lease) }
            }
            return LeaseBatch(leases: leases, nextDueMs: nextDueMs)
        }
    }

    package func settle(_ settlements: [Settlement]) async throws(StorageError) -> Set<LeaseID> {
        let settlings = settlements.compactMap(Statements.Settling.init)
        guard !settlings.isEmpty else { return [] }
        let rows = try await query(statements.settle(settlings))
        return Set(try decodeAll(rows, Self.leaseID))
    }

    // MARK: Upkeep

    package func reclaim(limit: Int, maxLeaseLosses: Int) async throws(StorageError) -> Int {
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
                    guard !settlings.isEmpty else { return 0 }
                    return try connection.query(statements.settle(settlings)).count
                }
            }
        }
    }

    package func prune(
        finishedForMs ageMs: Double,
        from cursor: ExecutionID?,
        limit: Int
    ) async throws(StorageError) -> Pruning {
        if cursor == nil { _ = try await query(statements.pruneWorkers(endedForMs: ageMs)) }
        let rows = try await query(statements.prune(finishedForMs: ageMs, from: cursor, limit: limit))
        return try decode { () throws(DatabaseError) in
            let row = try rows.only()
            let last = try row.uuidIfPresent(2).map(ExecutionID.init(bits:))
            return Pruning(deleted: try row.int(1), next: try row.int(0) == limit ? last : nil)
        }
    }

    // MARK: Parts

    private static func leaseID(_ row: Row) throws(DatabaseError) -> LeaseID {
        LeaseID(executionID: ExecutionID(bits: try row.uuid(0)), attempt: try row.int(1))
    }

    /// Reads the columns of `Statements.orphans`.
    private static func orphan(_ row: Row) throws(DatabaseError) -> (LeaseID, ExecutionStateMachine.State) {
        let state = ExecutionStateMachine.State(
            status: .running,
            retryOptions: RetryOptions(maxAttempts: try row.int(4)),
            retryAttempts: try row.int(2),
            leaseLosses: try row.int(3)
        )
        return (try leaseID(row), state)
    }

    private func query(_ statement: SQL) async throws(StorageError) -> Rows {
        try await storing { () throws(DatabaseError) in
            try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement) }
        }
    }
}
