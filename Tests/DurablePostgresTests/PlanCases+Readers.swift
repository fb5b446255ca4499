import DurableCore
import DurablePostgres

/// A thousand executions of all kinds.
private let mixed = PlanData.ids(stride(from: 1, to: 1_000_000, by: 1000))

extension PlanCase {
    static let reading = [
        // Leases are as many as attempts that run at the moment.
        PlanCase("executions(_ ids)", "a thousand", reads: 2500, scans: ["leases"]) { $0.executions(mixed) },
        PlanCase("executions(_ ids)", "one", reads: 10, scans: ["leases"]) { $0.executions([PlanData.id(600_000)]) },
        PlanCase("settled(among ids, limit)", reads: 1000) { $0.settled(among: mixed, limit: 64) },
        PlanCase("list(_ query)", "the newest", reads: 300, scans: ["leases"]) {
            $0.list(ExecutionQuery(limit: 101))
        },
        PlanCase("list(_ query)", "a page far back", reads: 300, scans: ["leases"]) {
            $0.list(ExecutionQuery(before: PlanData.id(600_000), limit: 101))
        },
        // Walks over the executions of the other tasks.
        PlanCase("list(_ query)", "of one task in 200", reads: 25_000, scans: ["leases"]) {
            $0.list(ExecutionQuery(taskID: PlanData.task(7), limit: 101))
        },
        // Walks over what has ended otherwise.
        PlanCase("list(_ query)", "the failed, one in ten", reads: 2500, scans: ["leases"]) {
            $0.list(ExecutionQuery(statuses: [.failed], limit: 101))
        },
        PlanCase("children(of parents)", "of a hundred", reads: 10_300) {
            $0.children(of: PlanData.ids(PlanData.parents.prefix(100)).map { ($0, 1) })
        },
        PlanCase("attempts(of id)", reads: 2, scans: ["workers"]) { $0.attempts(of: PlanData.id(5)) },
        PlanCase("name(of worker)", reads: 1, scans: ["workers"]) { $0.name(of: PlanData.worker(7)) },
        PlanCase("register(_ tasks)", reads: 200, scans: ["tasks"]) {
            $0.register((0..<200).map { definition(PlanData.task($0)) })
        },
        PlanCase("tasks", reads: 200, scans: ["tasks"]) { $0.tasks },
    ]

    static func definition(_ task: TaskID) -> TaskDefinition {
        TaskDefinition(id: task, options: TaskOptions(timeoutMs: 1000))
    }

    /// Between others, so that what the rollback leaves is not at the end of an index, where the planner looks.
    private static func fresh(_ index: Int) -> ExecutionID { ExecutionID(bits: PlanData.id(index).bits + (1 << 40)) }

    /// A thousand new executions.
    static func seeds() -> [Seed] {
        (1...1000).map { index in
            let new = NewExecution(
                taskID: PlanData.task(index),
                input: Payload(json: "1"),
                options: TaskOptions(timeoutMs: 1000),
                // The rollback leaves dead `deadlines`, which `nextDeadline` must not meet before a live one.
                expiresInMs: 43_200_000
            )
            return Seed.seeds(of: new, id: fresh(index)) { fresh(0) }[0]
        }
    }

    static let inserting = [
        PlanCase("insert(_ seeds, again)", reads: 1000) { $0.insert(seeds()) },
        PlanCase("insert(_ seeds, again)", "again", reads: 1000) { $0.insert(seeds(), again: true) },
        PlanCase("takeKeys(_ keys)", reads: 2000) {
            $0.takeKeys((1...1000).map { (PlanData.task($0), "key \($0 * 40)", PlanData.id($0)) })
        },
        PlanCase("keyHolders(_ keys)", reads: 210) {
            $0.keyHolders((1...100).map { (PlanData.task($0), "key \($0)") })
        },
        PlanCase("takeNames(_ sleepers)", reads: 2000) {
            $0.takeNames((1...1000).map { ("wake-up \($0 * 2)", PlanData.task(1), PlanData.id($0)) })
        },
    ]
}
