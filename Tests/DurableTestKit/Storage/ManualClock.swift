package import DurableCore
import Synchronization

/// A clock that a test moves.
package final class ManualClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 1_750_000_000_000_000))

    package init() {}

    package var now: Timestamp { time.withLock { $0 } }

    package func advance(milliseconds: Double) {
        time.withLock { $0 = $0.adding(milliseconds: milliseconds) }
    }
}
