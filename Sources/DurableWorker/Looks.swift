package import DurableCore

/// When a worker looks for work, and from where on.
///
/// A look goes over all queues from their beginnings, or on from where the last one ended. The first kind walks over what
/// the database has not cleaned away yet, which may be much while somebody holds an old snapshot. It is taken from time to
/// time, because it alone sees what has been passed by, and when queues run dry; but what it takes for nothing may be a
/// fifteenth of the time and no more, a thirtieth for either reason. Once a minute it is taken whatever it costs.
package struct Looks {
    private var poll: Poll
    private var position = LeasePosition()
    /// Whether there is probably more.
    private var mayBeMore = true
    /// Whether the last look left something behind.
    private var hadMore = false
    /// Whether what the position names has run dry.
    private var isDry = false
    private var next: ContinuousClock.Instant
    private var nextWhole: ContinuousClock.Instant
    /// How long whole looks may still take, as of a moment.
    private var credit = Self.mostCredit
    private var creditedAt: ContinuousClock.Instant
    /// How long the last whole look took.
    private var lastWhole = Duration.milliseconds(10)

    private static let share = 30
    private static let mostQueues = 200
    private static let mostCredit = Duration.milliseconds(100)
    private static let longestWithoutWhole = Duration.seconds(60)
    /// How long a look from any place may take for a lease.
    private static let worth = Duration.microseconds(100)

    /// - Parameter longestPoll: The longest time without a look, whole or not.
    package init(longestPoll: Duration, at now: ContinuousClock.Instant) {
        poll = Poll(longest: longestPoll)
        next = now
        nextWhole = now
        creditedAt = now
    }

    /// Somebody said that there is work.
    package mutating func hear() { mayBeMore = true }

    /// How long there is no reason to look unless something is heard.
    package func pause(at now: ContinuousClock.Instant) -> Duration {
        mayBeMore ? .zero : max(.zero, now.duration(to: next))
    }

    /// From where a look now goes; `nil` is from the beginnings.
    package func position(at now: ContinuousClock.Instant) -> LeasePosition? {
        now >= nextWhole || isDry ? nil : position
    }

    /// Takes in what a look has brought.
    package mutating func looked(
        _ request: LeaseRequest,
        from start: ContinuousClock.Instant,
        to end: ContinuousClock.Instant,
        _ batch: LeaseBatch
    ) {
        credit = min(Self.mostCredit, credit + creditedAt.duration(to: end) / Self.share)
        creditedAt = end
        let isFull = batch.leases.count >= request.limit
        let isWhole = request.position == nil
        if isWhole {
            // What takes long once, may have waited for something else; what does so twice, has much to walk over.
            let took = start.duration(to: end)
            let cost = min(took, lastWhole)
            lastWhole = took
            nextWhole = end + min(cost * Self.share, Self.longestWithoutWhole)
            credit -= max(.zero, cost - Self.worth * batch.leases.count)
            credit = max(credit, .zero - Self.longestWithoutWhole / Self.share)
            if position.places.count > Self.mostQueues { position = LeasePosition() }
        }
        // What others are just taking, or a share has kept back.
        let isMoreDue = batch.nextDueMs == 0
        isDry = !batch.hasMore && (isFull || (isWhole ? isMoreDue : hadMore)) && credit > .zero
        // A whole look that brings all that was asked for has left something behind, perhaps before the place that had been
        // reached. Otherwise queues keep that place: going back to a straggler's would mean to walk over the dead again.
        if isWhole && isFull {
            position.move(to: batch.position)
        } else {
            position.advance(to: batch.position)
        }
        hadMore = isFull || batch.hasMore || isMoreDue
        if !batch.leases.isEmpty { poll.reset() }
        // After an empty batch others are given time.
        mayBeMore = isFull || (isDry || isMoreDue) && !(isWhole && batch.leases.isEmpty)
        next = end + poll.next(nextDueMs: batch.nextDueMs)
        // What a look from further on cannot see.
        if !isWhole { next = min(next, nextWhole) }
    }
}
