import Synchronization

/// Calls when the earliest of many deadlines has come: one timer for all of them.
///
/// A timer for each would be simpler, but a cancelled `Task.sleep` keeps its memory until its time has come.
package final class Alarm: Sendable {
    private let bell = Bell()
    /// Bounds what interrupted sleeps keep.
    private static let longestPause = Duration.seconds(10)
    private let wakesAt = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    /// Makes sure that the alarm goes off at that time, or before.
    package func expect(_ deadline: ContinuousClock.Instant) {
        let isSooner = wakesAt.withLock { wakesAt in
            guard wakesAt.map({ deadline < $0 }) ?? true else { return false }
            wakesAt = deadline
            return true
        }
        if isSooner { bell.ring() }
    }

    /// Runs until cancelled.
    ///
    /// - Parameter goOff: Told the time; does what is due and returns the next deadline.
    package func run(_ goOff: (ContinuousClock.Instant) -> ContinuousClock.Instant?) async {
        let clock = ContinuousClock()
        while !Task.isCancelled {
            let pause = wakesAt.withLock { $0.map { clock.now.duration(to: $0) } } ?? Self.longestPause
            await bell.wait(atMost: min(pause, Self.longestPause))
            // From here on a deadline that is expected rings again.
            wakesAt.withLock { $0 = nil }
            guard let next = goOff(clock.now) else { continue }
            wakesAt.withLock { wakesAt in wakesAt = min(wakesAt ?? next, next) }
        }
    }
}
