import DurableCore
import LibPQ

extension LeaseBatch {
    /// Reads the rows of `Statements.lease`.
    init(rows: Rows, for request: LeaseRequest) throws(DatabaseError) {
        self.init(leases: [], nextDueMs: nil)
        guard let first = rows.first else { return }
        nextDueMs = try first.doubleIfPresent(0)
        leases.reserveCapacity(rows.count)
        // The rows of a queue mostly stand together.
        var queue: LeasePosition.Queue?
        var place: LeasePosition.Place?
        for row in rows {
            guard let lease = try Lease(row: row) else { continue }
            let own = LeasePosition.Queue(taskID: lease.taskID, priority: try row.int(27))
            if own != queue, let queue { position.places[queue] = place }
            queue = own
            place = LeasePosition.Place(startAt: try row.moment(28), executionID: lease.executionID)
            leases.append(lease)
        }
        if let queue { position.places[queue] = place }
        hasMore = try first.bool(29)
        let hasSeenAll = leases.count < request.limit && !hasMore
        position.settle(
            at: try first.moment(30),
            emptied: hasSeenAll ? request.queues(expectedAt: try first.int(31)) : []
        )
    }
}

extension LeaseRequest {
    /// The queues that were looked at and in which something may become ready: those that its position names, else one of
    /// each task.
    fileprivate func queues(expectedAt priority: Int) -> [LeasePosition.Queue] {
        position.map { Array($0.places.keys) } ?? tasks.map { LeasePosition.Queue(taskID: $0, priority: priority) }
    }
}

extension LeasePosition {
    /// Makes places of where leases end: behind what nobody can store any more, and in queues of which nothing is left,
    /// right there.
    ///
    /// A transaction that commits later than others may have begun before them, and its executions stand before theirs.
    fileprivate mutating func settle(at now: Timestamp, emptied: [Queue]) {
        let settled = Place(
            startAt: Timestamp(microseconds: now.microseconds - Self.longestCommit),
            executionID: ExecutionID(bits: 0)
        )
        for queue in emptied { places[queue] = settled }
        places = places.mapValues { min($0, settled) }
    }

    /// How long what has been written usually takes to be seen, in microseconds; what takes longer is seen by the next look
    /// without a position.
    private static let longestCommit: Int64 = 100_000
}

extension Lease {
    /// Reads the columns of `Statements.lease` from the second on; `nil` for the row that holds no lease.
    init?(row: Row) throws(DatabaseError) {
        guard let execution = try row.uuidIfPresent(1) else { return nil }
        let traceparent = try row.stringIfPresent(17)
        let tracestate = try row.stringIfPresent(18)
        self.init(
            id: LeaseID(executionID: ExecutionID(bits: execution), attempt: try row.int(2)),
            taskID: TaskID(try row.string(4)),
            kind: try row.kind(19),
            family: try row.family(from: 20),
            input: try row.payload(12, 13),
            options: try row.taskOptions(from: 5),
            retryAttempts: try row.int(14),
            leaseLosses: try row.int(15),
            previousError: try row.executionError(16),
            trace: traceparent.map { TraceContext(traceparent: $0, tracestate: tracestate) },
            startedAt: try row.moment(3)
        )
    }
}
