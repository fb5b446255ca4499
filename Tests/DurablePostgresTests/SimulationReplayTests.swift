import DurableTestKit
import Testing

@Suite("Simulation in PostgreSQL")
struct SimulationReplayTests {
    @Test("a run ends in PostgreSQL as it does in memory", arguments: [1, 2, 3, 5, 8, 13] as [UInt64])
    func replays(_ seed: UInt64) async throws {
        let steps = 150
        let expected = Simulation(seed: seed, on: SimulatedMemory(seed: seed), isExhaustive: true)
        try await expected.run(steps: steps)
        let ends = try await PostgresFixture.with { fixture in
            let simulation = Simulation(seed: seed, on: try await SimulatedPostgres(fixture), isExhaustive: true)
            try await simulation.run(steps: steps)
            return simulation.ends
        }
        #expect(ends.count > 30)
        for (place, end) in expected.ends where ends[place] != end {
            Issue.record("\(place): \(end) in memory, \(ends[place] ?? "absent") in PostgreSQL (seed \(seed))")
        }
        #expect(ends.count == expected.ends.count)
    }
}
