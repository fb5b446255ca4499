import DurableCore
import LibPQ

/// Storing executions within a transaction, sleepers with their names.
struct Planting {
    let statements: Statements

    /// Stores executions; sleepers that a wake-up waits for finish at once.
    ///
    /// - Returns: `nil`, or the index of the first whose sleeper's name is taken: then the transaction must not commit.
    func plant(_ seeds: [Seed], again: Bool = false, _ connection: inout Connection) throws(DatabaseError) -> Int? {
        guard !seeds.isEmpty else { return nil }
        var sleepers: [(uniqueID: String, taskID: TaskID, id: ExecutionID)] = []
        var names: Set<String> = []
        for (index, seed) in seeds.enumerated() {
            guard case .asleep(let name) = seed.place else { continue }
            guard names.insert(name).inserted else { return index }
            sleepers.append((name, seed.new.taskID, seed.id))
        }
        var woken: [Statements.Finishing] = []
        if !sleepers.isEmpty {
            var taken: Set<ExecutionID> = []
            for row in try connection.query(statements.takeNames(sleepers)) {
                let id = ExecutionID(bits: try row.uuid(0))
                taken.insert(id)
                if let ending = try ExecutionStateMachine.Ending(row: row, from: 1) {
                    woken.append(Statements.Finishing(id: id, ending: ending))
                }
            }
            if let refused = sleepers.first(where: { !taken.contains($0.id) }) {
                return seeds.firstIndex { $0.id == refused.id }
            }
        }
        _ = try connection.query(statements.insert(seeds, again: again))
        if !woken.isEmpty { _ = try connection.query(statements.finish(woken, waits: true)) }
        return nil
    }

    func freshID() -> ExecutionID { .fresh(at: WallClock.now()) }
}
