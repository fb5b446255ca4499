import DurablePostgres
import DurableTestKit
import Synchronization
import Testing

@Suite("PostgreSQL storage")
struct PostgresStorageTests {
    @Test("conforms", arguments: StorageConformance.cases, Route.available)
    func conforms(_ behaviour: StorageConformance.Case, _ route: Route) async throws {
        // Past a pooler there are no settings.
        let settings = route == .direct ? PostgresStorage.sessionSettings : [:]
        try await PostgresFixture.with(through: route, settings: settings) { fixture in
            let clock = ClockOffset()
            try await behaviour.run(
                StorageConformance.Subject(storage: fixture.storage) { milliseconds in
                    try await fixture.setClock(offsetMilliseconds: clock.advanced(by: milliseconds))
                }
            )
        }
    }
}

private final class ClockOffset: Sendable {
    private let offset = Mutex(0)

    func advanced(by milliseconds: Int) -> Int {
        offset.withLock { offset in
            offset += milliseconds
            return offset
        }
    }
}
