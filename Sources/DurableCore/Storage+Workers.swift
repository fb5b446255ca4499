/// A worker as it announces itself.
public struct WorkerRegistration: Sendable, Hashable {
    public var id: WorkerID
    /// What people know it by: host name and process id.
    public var name: String
    /// How long its leases outlive its last renewal, in milliseconds.
    public var leaseMs: Int
    /// What it leases executions of, as others may want to know.
    public var tasks: [TaskID]

    public init(id: WorkerID, name: String, leaseMs: Int, tasks: [TaskID] = []) {
        self.id = id
        self.name = name
        self.leaseMs = leaseMs
        self.tasks = tasks
    }
}

/// What a worker learns when it renews.
public struct Renewal: Sendable, Hashable {
    /// Of the leases it believed to hold, those that were cancelled, settled or taken back.
    public var lost: Set<LeaseID>
    /// Whether there is something to do that needs no lease: parents to tell, deadlines to keep, requests to apply.
    public var isUpkeepDue: Bool

    public init(lost: Set<LeaseID>, isUpkeepDue: Bool = false) {
        self.lost = lost
        self.isUpkeepDue = isUpkeepDue
    }
}

/// A worker's request for work.
public struct LeaseRequest: Sendable, Hashable {
    public var worker: WorkerID
    public var tasks: [TaskID]
    public var limit: Int

    public init(worker: WorkerID, tasks: [TaskID], limit: Int) {
        self.worker = worker
        self.tasks = tasks
        self.limit = limit
    }
}

/// What a worker gets.
public struct LeaseBatch: Sendable, Hashable {
    public var leases: [Lease]
    /// When fewer were due than asked for: milliseconds until the next execution of these tasks is due, if there is one.
    public var nextDueMs: Double?

    public init(leases: [Lease], nextDueMs: Double?) {
        self.leases = leases
        self.nextDueMs = nextDueMs
    }
}
