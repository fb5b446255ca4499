/// What one bounded pass of upkeep did.
public struct Progress: Sendable, Hashable {
    /// How much was done, in whatever the pass counts.
    public var count: Int
    /// Whether there is more of it at once.
    public var isMore: Bool
    /// Whom it concerns.
    public var signals: Set<Signal>
    /// Milliseconds until there is something to do again, if that is known.
    public var nextDueMs: Double?

    public init(count: Int = 0, isMore: Bool = false, signals: Set<Signal> = [], nextDueMs: Double? = nil) {
        self.count = count
        self.isMore = isMore
        self.signals = signals
        self.nextDueMs = nextDueMs
    }
}

/// What one bounded pass of pruning did.
public struct Pruning: Sendable, Hashable {
    public var deleted: Int
    public var next: ExecutionID?

    public init(deleted: Int, next: ExecutionID?) {
        self.deleted = deleted
        self.next = next
    }
}
