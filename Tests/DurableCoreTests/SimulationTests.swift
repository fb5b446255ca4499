import DurableTestKit
import Foundation
import Testing

/// One after the other: long and busy as they are, they leave the other cores to other tests.
@Suite("Simulation", .serialized)
struct SimulationTests {
    /// Worlds of one part, and the steps in each.
    private static let worlds: UInt64 = 125
    private static let steps = 1000

    /// The seed of a run that is to be seen again, alone.
    private static let replayed = ProcessInfo.processInfo.environment["SIMULATION_SEED"].flatMap { UInt64($0) }

    /// More than a million steps altogether.
    @Test("nothing is lost, doubled or stuck, whatever happens", .disabled(if: replayed != nil), arguments: 0..<8)
    func holds(_ part: UInt64) async throws {
        var counts = SimulationCounts()
        for seed in (part * Self.worlds)..<((part + 1) * Self.worlds) {
            let simulation = Simulation(seed: seed, on: SimulatedMemory(seed: seed))
            try await simulation.run(steps: Self.steps)
            counts += simulation.counts
            // A run never waits: other tests need the thread as well.
            await Task.yield()
        }
        #expect(counts.steps == Int(Self.worlds) * Self.steps)
        let tenth = counts.steps / 10
        #expect(counts.settlements >= tenth)
        #expect(counts.leaseLosses >= tenth)
        #expect(counts.cancellations >= tenth)
        #expect(counts.children >= tenth)
        #expect(counts.wakeUps >= tenth)
        #expect(counts.retriesByHand > 0 && counts.expiries > 0)
    }

    @Test("a seed that failed is seen again", .enabled(if: replayed != nil))
    func replays() async throws {
        let seed = try #require(Self.replayed)
        try await Simulation(seed: seed, on: SimulatedMemory(seed: seed)).run(steps: Self.steps)
    }

    @Test("a seed is a run")
    func deterministic() async throws {
        var ends: [[[Int]: String]] = []
        for _ in 0..<2 {
            let simulation = Simulation(seed: 42, on: SimulatedMemory(seed: 42))
            try await simulation.run(steps: 500)
            ends.append(simulation.ends)
        }
        #expect(ends[0] == ends[1])
        #expect(ends[0].count > 100)
    }

    @Test("every fault in the core is caught", arguments: MutantStorage.Fault.allCases)
    func catches(_ fault: MutantStorage.Fault) async {
        var caught: SimulationFailure?
        for seed in 0..<30 as Range<UInt64> where caught == nil {
            let subject = SimulatedMemory(seed: seed) { MutantStorage(memory: $0, fault: fault) }
            do {
                try await Simulation(seed: seed, on: subject).run(steps: Self.steps)
            } catch {
                caught = error
            }
        }
        #expect(caught != nil)
    }
}
