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
        let new = executions.map { Planted($0, at: now) }
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
        guard !ids.isEmpty else { return [:] }
        let rows = try await query(statements.executions(ids))
        let executions = try decodeAll(rows) { row throws(DatabaseError) in try Execution(row: row) }
        var found = Dictionary(executions.map { ($0.id, $0) }) { first, _ in first }
        let parents = executions.filter { $0.waitingForChildrenAt != nil }.map { ($0.id, $0.attempt) }
        guard !parents.isEmpty else { return found }
        let children = try decodeAll(try await query(statements.children(of: parents))) { row throws(DatabaseError) in
            (
                parent: ExecutionID(bits: try row.uuid(0)),
                child: ExecutionReference(
                    taskID: TaskID(try row.string(2)),
                    executionID: ExecutionID(bits: try row.uuid(1))
                ),
                isFinalize: try row.intIfPresent(3) == nil
            )
        }
        for (parent, child, isFinalize) in children {
            if isFinalize {
                found[parent]?.finalize = child
            } else {
                found[parent]?.children.append(child)
            }
        }
        return found
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
                let finishing = Statements.Finishing(id: id, ending: .cancelled(.cancelled))
                let rows = try await query(statements.finish([finishing], waits: true))
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

    package func workers(serving task: TaskID) async throws(StorageError) -> Int {
        let rows = try await query(statements.workers(serving: task))
        return try decode { () throws(DatabaseError) in try rows.only().int(0) }
    }

    package func renew(_ worker: WorkerID, holding leases: [LeaseID]) async throws(StorageError) -> Renewal? {
        let rows = try await query(statements.renew(worker, holding: leases))
        return try decode { () throws(DatabaseError) in
            var lost: Set<LeaseID> = []
            var isUpkeepDue = false
            for row in rows {
                guard try row.bool(0) else { return nil }
                isUpkeepDue = try row.bool(1)
                guard let id = try row.uuidIfPresent(2) else { continue }
                lost.insert(LeaseID(executionID: ExecutionID(bits: id), attempt: try row.int(3)))
            }
            return Renewal(lost: lost, isUpkeepDue: isUpkeepDue)
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

    package func giveBack(leasedTo worker: WorkerID, besides leases: [LeaseID]) async throws(StorageError) {
        let statements = statements
        try await transaction { connection throws(DatabaseError) in
            _ = try connection.query(statements.lock(worker))
            let known = Set(leases)
            var unknown: [Statements.Settling] = []
            for row in try connection.query(statements.leases(of: worker)) {
                let lease = try Self.leaseID(row)
                let release = ExecutionStateMachine.release(of: lease)
                if !known.contains(lease), let settling = Statements.Settling(release) { unknown.append(settling) }
            }
            if !unknown.isEmpty { _ = try connection.query(statements.settle(unknown)) }
        }
    }

    package func settle(_ settlements: [Settlement]) async throws(StorageError) -> Set<LeaseID> {
        var held: Set<LeaseID> = []
        let settlings = settlements.compactMap(Statements.Settling.init)
        if !settlings.isEmpty {
            let rows = try await query(statements.settle(settlings))
            held.formUnion(try decodeAll(rows, Self.leaseID))
        }
        let families = Families(statements: statements)
        for settlement in settlements where settlement.transition.bringsChildren {
            let isHeld = try await storing { () throws(DatabaseError) in
                try await pool.withConnection { connection throws(DatabaseError) in
                    try families.settle(settlement, &connection)
                }
            }
            if isHeld { held.insert(settlement.lease) }
        }
        return held
    }

    // MARK: Parts

    static func leaseID(_ row: Row) throws(DatabaseError) -> LeaseID {
        LeaseID(executionID: ExecutionID(bits: try row.uuid(0)), attempt: try row.int(1))
    }

    func query(_ statement: SQL) async throws(StorageError) -> Rows {
        try await storing { () throws(DatabaseError) in
            try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement) }
        }
    }
    func transaction<T: Sendable>(
        _ body: @escaping @Sendable (inout Connection) throws(DatabaseError) -> T
    ) async throws(StorageError) -> T {
        try await storing { () throws(DatabaseError) in
            try await pool.withConnection { connection throws(DatabaseError) in
                try connection.transaction { connection throws(DatabaseError) in try body(&connection) }
            }
        }
    }
}
