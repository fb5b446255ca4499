import DurableCore
import DurablePostgres

extension PlanCase {
    /// Longer ago than anything has finished that must stay.
    private static let day: Double = 86_400_000

    static let upkeep = [
        PlanCase("overdue(limit)", reads: 1000) { $0.overdue(limit: 1000) },
        PlanCase("nextDeadline", reads: 1) { $0.nextDeadline },
        PlanCase("claimRequests(limit)", "ten of 10,000 are open", reads: 40) { $0.claimRequests(limit: 1000) },
        PlanCase("applied(_ request, _ result)", reads: 1) { $0.applied(7, "cancelled") },
        // Workers are as many as have started since the last pruning.
        PlanCase("loseWorkers", reads: 0, scans: ["workers"]) { $0.loseWorkers },
        // Leases are as many as attempts that run at the moment, and each has to be looked at.
        PlanCase("orphans(limit)", reads: 1000, scans: ["workers", "leases"]) { $0.orphans(limit: 1000) },
        // Its executions, their trees' roots, what they leave in other tables.
        PlanCase("prune(finishedForMs ageMs, from cursor, limit)", "the oldest", reads: 11_000, scans: ["closings"]) {
            $0.prune(finishedForMs: day, from: nil, limit: 1000)
        },
        PlanCase(
            "prune(finishedForMs ageMs, from cursor, limit)",
            "children whose parents still wait",
            reads: 8000,
            scans: ["closings"]
        ) {
            $0.prune(finishedForMs: day, from: PlanData.id(470_000), limit: 1000)
        },
        PlanCase(
            "prune(finishedForMs ageMs, from cursor, limit)",
            "where nothing is old enough",
            reads: 10,
            scans: ["closings"]
        ) {
            $0.prune(finishedForMs: day, from: PlanData.id(999_000), limit: 1000)
        },
        PlanCase("pruneWorkers(endedForMs ageMs)", reads: 0, scans: ["workers"]) { $0.pruneWorkers(endedForMs: day) },
        PlanCase("pruneWakeUps", reads: 200) { $0.pruneWakeUps },
        // Requests are what people have asked for in SQL.
        PlanCase("pruneRequests(appliedForMs ageMs)", reads: 0, scans: ["requests"]) {
            $0.pruneRequests(appliedForMs: day)
        },
        PlanCase("notify(_ signals)", reads: 0) { $0.notify([.ready, .finished]) },
    ]
}
