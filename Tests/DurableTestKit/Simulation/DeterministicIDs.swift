import DurableCore
import Synchronization

/// Makes execution ids that are the same for the same seed.
final class DeterministicIDs: Sendable {
    private let random: Mutex<SplitMix64>

    init(seed: UInt64) { random = Mutex(SplitMix64(seed: ~seed)) }

    func next(at now: Timestamp) -> ExecutionID {
        let low = UInt128(random.withLock { $0.next() } >> 2)
        return ExecutionID(bits: ExecutionID.lowest(at: now).bits | 0x7 << 76 | 0b10 << 62 | low)
    }
}
