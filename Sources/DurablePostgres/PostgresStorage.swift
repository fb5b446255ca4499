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
    private let signals: PostgresSignals?

    /// - Parameters:
    ///   - schema: The SQL schema that `durable migrate` has filled.
    ///   - signals: What tells others of what is written, along with it where that is possible.
    package init(pool: ConnectionPool, schema: String, signals: PostgresSignals? = nil, logger: Logger) {
        self.pool = pool
        self.signals = signals
        self.statements = Statements(schema: schema)
        self.logger = logger
    }

    /// What connections that keep a session are best set to.
    ///
    /// Every statement here has one plan that is right for all values, by the indexes, which the tests look at. PostgreSQL
    /// would plan most of them anew at each call, because a plan for one row seems cheaper than one for any number: that
    /// takes longer than running them. A plan that is kept must not be one that was right for the empty tables of a new
    /// service, which are read from end to end. And compiling plans takes longer than planning.
    package static let sessionSettings = [
        "plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "jit": "off",
    ]

    // MARK: Producers

    package func insert(_ executions: [NewExecution]) async throws(StorageError) -> [Insertion] {
        var signals: Set<Signal> = []
        return try await insert(executions, announcing: &signals)
    }

    package func insert(
        _ executions: [NewExecution],
        announcing signals: inout Set<Signal>
    ) async throws(StorageError) -> [Insertion] {
        guard !executions.isEmpty else { return [] }
        let now = WallClock.now()
        let new = executions.map { Planted($0, at: now) }
        do {
            return try await insert(new, again: false, announcing: &signals)
        } catch {
            guard error.isUnknown else { throw error.storageError }
            // The commit may have happened: the same ids once more find out, and change nothing if it has.
            logger.notice("An enqueue is tried again: the connection was lost before the answer came")
        }
        do {
            return try await insert(new, again: true, announcing: &signals)
        } catch {
            throw error.storageError
        }
    }

    package func executions(_ ids: [ExecutionID]) async throws(StorageError) -> [ExecutionID: Execution] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await query(statements.executions(ids), deadline: Self.deadline)
        let executions = try decodeAll(rows) { row throws(DatabaseError) in try Execution(row: row) }
        return try await withRelatives(executions)
    }

    package func settled(
        among ids: [ExecutionID],
        limit: Int
    ) async throws(StorageError) -> [ExecutionID: Execution?] {
        guard !ids.isEmpty else { return [:] }
        let rows = try await query(statements.settled(among: ids, limit: limit), deadline: Self.deadline)
        let settled = try decodeAll(rows) { row throws(DatabaseError) in
            (
                id: ExecutionID(bits: try row.uuid(0)),
                execution: try row.isNull(1) ? nil : try Execution(row: row)
            )
        }
        let finished = try await withRelatives(settled.compactMap(\.execution))
        return Dictionary(settled.map { ($0.id, finished[$0.id]) }) { first, _ in first }
    }

    /// Tells parents their children.
    private func withRelatives(_ executions: [Execution]) async throws(StorageError) -> [ExecutionID: Execution] {
        var found = Dictionary(executions.map { ($0.id, $0) }) { first, _ in first }
        let parents = executions.filter { $0.waitingForChildrenAt != nil }.map { ($0.id, $0.attempt) }
        guard !parents.isEmpty else { return found }
        let childRows = try await query(statements.children(of: parents), deadline: Self.deadline)
        let children = try decodeAll(childRows) { row throws(DatabaseError) in
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
                guard rows.isEmpty, try await settled(among: [id], limit: 1).isEmpty else { break }
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
            var renewal = Renewal(lost: [])
            for row in rows {
                guard try row.bool(0) else { return nil }
                renewal.isUpkeepDue = try row.bool(1)
                renewal.isReclaimDue = try row.bool(2)
                guard let id = try row.uuidIfPresent(3) else { continue }
                renewal.lost.insert(LeaseID(executionID: ExecutionID(bits: id), attempt: try row.int(4)))
            }
            return renewal
        }
    }

    package func retire(_ worker: WorkerID) async throws(StorageError) {
        _ = try await query(statements.retire(worker))
    }

    package func lease(_ request: LeaseRequest) async throws(StorageError) -> LeaseBatch {
        guard request.limit > 0 else { return LeaseBatch(leases: [], nextDueMs: nil) }
        let rows = try await query(statements.lease(request))
        return try decode { () throws(DatabaseError) in try LeaseBatch(rows: rows, for: request) }
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
        let settlings = settlements.compactMap(Statements.Settling.init)
        var held: Set<LeaseID> = []
        if !settlings.isEmpty {
            held = Set(try decodeAll(try await query(statements.settle(settlings)), Self.leaseID))
        }
        return held.union(try await settleParents(settlements))
    }

    package func settle(
        _ settlements: [Settlement],
        leasing request: LeaseRequest,
        announcing signals: inout Set<Signal>
    ) async throws(StorageError) -> Exchange {
        let settlings = settlements.compactMap(Statements.Settling.init)
        guard request.limit > 0, !settlings.isEmpty else {
            let held = try await settle(settlements)
            return Exchange(held: held, batch: try await lease(request))
        }
        // Before the others: were it behind them, its failure would leave leases that nobody was told of.
        let parents = try await settleParents(settlements)
        let both = [statements.settle(settlings), statements.lease(request)]
        let untold = signals
        let (rows, told) = try await storing { () throws(DatabaseError) in
            try await pool.withConnection { connection throws(DatabaseError) in
                try write(both, telling: untold, &connection)
            }
        }
        signals.subtract(told)
        let held = parents.union(try decodeAll(rows[0], Self.leaseID))
        return Exchange(
            held: held,
            batch: try decode { () throws(DatabaseError) in try LeaseBatch(rows: rows[1], for: request) }
        )
    }

    /// Settles the attempts that bring children, each in a transaction of its own.
    private func settleParents(_ settlements: [Settlement]) async throws(StorageError) -> Set<LeaseID> {
        let families = Families(statements: statements)
        var held: Set<LeaseID> = []
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

    /// Writes, and tells others along with it where that is possible.
    ///
    /// A write that fails may have told in vain, which does no harm.
    ///
    /// - Returns: The rows of each statement, and what was told.
    func write(
        _ statements: [SQL],
        telling untold: Set<Signal>,
        _ connection: inout Connection
    ) throws(DatabaseError) -> (rows: [Rows], told: Set<Signal>) {
        let along = signals?.follower(telling: untold)
        return (try connection.pipeline(statements, follower: along?.follower), along?.told ?? [])
    }

    static func leaseID(_ row: Row) throws(DatabaseError) -> LeaseID {
        LeaseID(executionID: ExecutionID(bits: try row.uuid(0)), attempt: try row.int(1))
    }

    /// How long what clients wait for may take, a connection included, before they are told to try again.
    static let deadline = Duration.seconds(15)

    func query(_ statement: SQL, deadline: Duration? = nil) async throws(StorageError) -> Rows {
        try await storing { () throws(DatabaseError) in
            try await pool.withConnection(deadline: deadline) { connection throws(DatabaseError) in
                try connection.query(statement)
            }
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
