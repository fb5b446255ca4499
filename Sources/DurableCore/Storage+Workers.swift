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
    /// Whether there are workers to declare dead, or leases of one that has ended lately.
    public var isReclaimDue: Bool

    public init(lost: Set<LeaseID>, isUpkeepDue: Bool = false, isReclaimDue: Bool = false) {
        self.lost = lost
        self.isUpkeepDue = isUpkeepDue
        self.isReclaimDue = isReclaimDue
    }
}

/// A worker's request for work.
public struct LeaseRequest: Sendable, Hashable {
    public var worker: WorkerID
    public var tasks: [TaskID]
    public var limit: Int
    /// Where earlier batches ended: only what lies behind is looked at, and only of the queues that it names.
    ///
    /// Spares a storage with much in it a walk over what has been there. Whoever asks like this asks without it from time
    /// to time as well: executions may become ready in places that were passed by.
    public var position: LeasePosition?

    public init(worker: WorkerID, tasks: [TaskID], limit: Int, position: LeasePosition? = nil) {
        self.worker = worker
        self.tasks = tasks
        self.limit = limit
        self.position = position
    }
}

/// What a worker gets.
public struct LeaseBatch: Sendable, Hashable {
    public var leases: [Lease]
    /// When fewer were leased than asked for: milliseconds until the next execution of these tasks is due, if there is one.
    public var nextDueMs: Double?
    /// Whether there may be more due in the queues that it is from.
    public var hasMore: Bool
    /// Where the batch ended; a storage that has no use for it leaves it empty.
    public var position: LeasePosition

    public init(
        leases: [Lease],
        nextDueMs: Double?,
        hasMore: Bool = false,
        position: LeasePosition = LeasePosition()
    ) {
        self.leases = leases
        self.nextDueMs = nextDueMs
        self.hasMore = hasMore
        self.position = position
    }
}

/// How far each queue has been leased from: the executions of one task and priority stand in one queue, in the order of
/// the time that they may start at.
public struct LeasePosition: Sendable, Hashable {
    /// A queue.
    public struct Queue: Sendable, Hashable {
        public var taskID: TaskID
        public var priority: Int

        public init(taskID: TaskID, priority: Int) {
            self.taskID = taskID
            self.priority = priority
        }
    }

    /// A place in a queue.
    public struct Place: Sendable, Hashable, Comparable {
        public var startAt: Timestamp
        public var executionID: ExecutionID

        public init(startAt: Timestamp, executionID: ExecutionID) {
            self.startAt = startAt
            self.executionID = executionID
        }

        /// Whether it comes first.
        public static func < (one: Place, other: Place) -> Bool {
            (one.startAt, one.executionID) < (other.startAt, other.executionID)
        }
    }

    /// From where on a look at each queue finds what it has not seen.
    public var places: [Queue: Place]

    public init(_ places: [Queue: Place] = [:]) {
        self.places = places
    }

    /// Goes on to where another batch ended, nowhere back.
    public mutating func advance(to other: LeasePosition) {
        places.merge(other.places) { max($0, $1) }
    }

    /// Goes to where another batch ended, back as well.
    public mutating func move(to other: LeasePosition) {
        places.merge(other.places) { _, other in other }
    }
}

/// What one round trip of a worker brings.
public struct Exchange: Sendable, Hashable {
    /// Of the settlements, the leases that were still held; of the others nothing was written.
    public var held: Set<LeaseID>
    public var batch: LeaseBatch

    public init(held: Set<LeaseID>, batch: LeaseBatch) {
        self.held = held
        self.batch = batch
    }
}
