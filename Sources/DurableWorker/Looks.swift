package import DurableCore

/// When a worker looks for work, and from where on.
///
/// A look goes over all queues from their beginnings, or on from where the last one ended. The first kind walks over what
/// the database has not cleaned away yet, which may be much while somebody holds an old snapshot, so it may take a twentieth
/// of the time and no more.
package struct Looks {
    private var poll: Poll
    private var position = LeasePosition()
    /// Whether there is probably more.
    private var mayBeMore = true
    private var next: ContinuousClock.Instant
    private var wholeLookAllowed: ContinuousClock.Instant

    private static let share = 20

    /// - Parameter longestPoll: The longest time without a look.
    package init(longestPoll: Duration, at now: ContinuousClock.Instant) {
        poll = Poll(longest: longestPoll)
        next = now
        wholeLookAllowed = now
    }

    /// Somebody said that there is work.
    package mutating func hear() { mayBeMore = true }

    /// How long there is no reason to look unless something is heard.
    package func pause(at now: ContinuousClock.Instant) -> Duration {
        mayBeMore ? .zero : max(.zero, now.duration(to: next))
    }

    /// From where a look now goes; `nil` is from the beginnings.
    package func position(at now: ContinuousClock.Instant) -> LeasePosition? {
        now >= wholeLookAllowed ? nil : position
    }

    /// Takes in what a look has brought.
    package mutating func looked(
        _ request: LeaseRequest,
        from start: ContinuousClock.Instant,
        to end: ContinuousClock.Instant,
        _ batch: LeaseBatch
    ) {
        if request.position == nil {
            wholeLookAllowed = end + start.duration(to: end) * Self.share
            position = batch.position
        } else {
            position.advance(to: batch.position)
        }
        if !batch.leases.isEmpty { poll.reset() }
        // An empty batch although something is due: others are just taking it.
        mayBeMore = batch.leases.count >= request.limit || batch.nextDueMs == 0 && !batch.leases.isEmpty
        next = end + poll.next(nextDueMs: batch.nextDueMs)
        // What a look from further on cannot see.
        if request.position != nil { next = min(next, wholeLookAllowed) }
    }
}
