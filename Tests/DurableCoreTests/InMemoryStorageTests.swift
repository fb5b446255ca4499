import DurableCore
import DurableTestKit
import Synchronization
import Testing

@Suite("In-memory storage")
struct InMemoryStorageTests {
    @Test("conforms", arguments: StorageConformance.cases)
    func conforms(_ behaviour: StorageConformance.Case) async throws {
        let clock = ManualClock()
        let storage = InMemoryStorage { clock.now }
        try await behaviour.run(
            StorageConformance.Subject(storage: storage) { clock.advance(milliseconds: $0) }
        )
    }
}

private final class ManualClock: Sendable {
    private let time = Mutex(Timestamp(microseconds: 1_750_000_000_000_000))

    var now: Timestamp { time.withLock { $0 } }

    func advance(milliseconds: Int) {
        time.withLock { $0 = $0.adding(milliseconds: Double(milliseconds)) }
    }
}
