import Synchronization

/// Calls when the earliest of many deadlines has come: one timer for all of them.
///
/// A timer for each would be simpler, but a cancelled `Task.sleep` keeps its memory until its time has come.
final class Alarm: Sendable {
    private let bell = Bell()
    private let wakesAt = Mutex<ContinuousClock.Instant?>(nil)

    /// Makes sure that the alarm goes off at that time, or before.
    func expect(_ deadline: ContinuousClock.Instant) {
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
    func run(_ goOff: (ContinuousClock.Instant) -> ContinuousClock.Instant?) async {
        let clock = ContinuousClock()
        while !Task.isCancelled {
            let wakesAt = wakesAt.withLock { $0 }
            await bell.wait(atMost: wakesAt.map { clock.now.duration(to: $0) })
            self.wakesAt.withLock { $0 = nil }
            if let next = goOff(clock.now) { expect(next) }
        }
    }
}
