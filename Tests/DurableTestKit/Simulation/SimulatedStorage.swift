package import DurableCore

/// A storage that a simulation drives, whose clock it moves and whose executions it sees change.
package protocol SimulatedStorage: Sendable {
    var storage: any Storage { get }
    /// Moves the clock on.
    func advanceClock(milliseconds: Double) async throws
    var now: Timestamp { get }
    /// What has happened since the last call.
    func look() async throws -> SimulatedChanges
}

/// A simulation in memory, in which nothing is left to chance.
package struct SimulatedMemory: SimulatedStorage {
    private let memory: InMemoryStorage
    package let storage: any Storage
    private let clock: ManualClock

    /// - Parameter wrap: Puts something between the simulation and its storage.
    package init(seed: UInt64, wrap: (InMemoryStorage) -> any Storage = { $0 }) {
        let clock = ManualClock()
        let ids = DeterministicIDs(seed: seed)
        self.clock = clock
        memory = InMemoryStorage(now: { clock.now }, makeID: { ids.next(at: $0) })
        storage = wrap(memory)
    }

    package var now: Timestamp { clock.now }
    package func advanceClock(milliseconds: Double) { clock.advance(milliseconds: milliseconds) }
    package func look() async -> SimulatedChanges {
        await memory.look()
    }
}

extension InMemoryStorage {
    fileprivate func look() -> SimulatedChanges {
        SimulatedChanges(executions: takeChanges(), closings: closings)
    }
}

/// What has become of executions since somebody looked.
package struct SimulatedChanges: Sendable {
    /// Those that were written; `nil` for what was deleted.
    package var executions: [ExecutionID: Execution?]
    /// All whose relatives have yet to be told; `nil` if that cannot be seen.
    package var closings: Set<ExecutionID>?

    package init(executions: [ExecutionID: Execution?], closings: Set<ExecutionID>?) {
        self.executions = executions
        self.closings = closings
    }
}
