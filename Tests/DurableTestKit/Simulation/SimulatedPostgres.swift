package import DurableCore

/// A simulation in PostgreSQL, whose clock stands still between its steps.
package struct SimulatedPostgres: SimulatedStorage {
    package let storage: any Storage
    private let fixture: PostgresFixture
    private let clock = ManualClock()

    package init(_ fixture: PostgresFixture) async throws {
        self.fixture = fixture
        storage = fixture.storage
        try await fixture.setClock(at: clock.now)
    }

    package var now: Timestamp { clock.now }

    package func advanceClock(milliseconds: Double) async throws {
        clock.advance(milliseconds: milliseconds)
        try await fixture.setClock(at: clock.now)
    }

    /// Looks at everything there is.
    package func look() async throws -> SimulatedChanges {
        var executions: [ExecutionID: Execution?] = [:]
        var page: [Execution]
        var last: ExecutionID?
        repeat {
            page = try await storage.list(ExecutionQuery(before: last, limit: 500))
            for execution in page { executions[execution.id] = execution }
            last = page.last?.id
        } while page.count == 500
        return SimulatedChanges(executions: executions, closings: nil)
    }
}
