import DurableCore
import DurablePostgres
import LibPQ

private let leases = PlanData.running.map { LeaseID(executionID: PlanData.id($0), attempt: 1) }

extension PlanCase {
    private static func lease(_ tasks: [Int], limit: Int) -> LeaseRequest {
        LeaseRequest(worker: PlanData.worker(7), tasks: tasks.map(PlanData.task), limit: limit)
    }

    static let leasing = [
        // Each row is found in `ready`, locked there and deleted; then its execution is read. Besides: one look for each
        // priority that a task has, and one for when the next is due.
        PlanCase("lease(_ request)", "three of 200 tasks", reads: 200, scans: ["workers"]) {
            $0.lease(lease([7, 107, 150], limit: 10))
        },
        PlanCase("lease(_ request)", "one, while all that goes first is for next week", reads: 50, scans: ["workers"]) {
            $0.lease(lease([7], limit: 1))
        },
        PlanCase("lease(_ request)", "a thousand of a task with 100,000", reads: 5010, scans: ["workers"]) {
            $0.lease(LeaseRequest(worker: PlanData.worker(7), tasks: [TaskID("hot")], limit: 1000))
        },
        // One of each task and priority, which is its share.
        PlanCase("lease(_ request)", "ten of 200 tasks with three priorities", reads: 2500, scans: ["workers"]) {
            $0.lease(lease(Array(0..<200), limit: 10))
        },
        // No look for priorities; what is before the position is not touched.
        PlanCase("lease(_ request)", "a thousand from behind a position", reads: 5002, scans: ["workers"]) {
            $0.lease(
                LeaseRequest(
                    worker: PlanData.worker(7),
                    tasks: [TaskID("hot")],
                    limit: 1000,
                    position: LeasePosition([
                        LeasePosition.Queue(taskID: TaskID("hot"), priority: 0): LeasePosition.Place(
                            startAt: Timestamp(microseconds: 0),
                            executionID: PlanData.id(0)
                        )
                    ])
                )
            )
        },
        PlanCase("lease(_ request)", "nothing there", reads: 20, scans: ["workers"]) {
            $0.lease(
                LeaseRequest(worker: PlanData.worker(7), tasks: [TaskID("idle"), TaskID("idler")], limit: 100)
            )
        },
        PlanCase("lock(_ worker)", reads: 1, scans: ["workers"]) { $0.lock(PlanData.worker(7)) },
        // Asked only when an answer was lost; no index, because it would be written twice for each attempt.
        PlanCase("leases(of worker)", reads: 0, scans: ["leases"]) { $0.leases(of: PlanData.worker(7)) },
        PlanCase("register(_ worker)", reads: 1, scans: ["workers"]) {
            $0.register(WorkerRegistration(id: PlanData.worker(700), name: "new", leaseMs: 1000))
        },
        PlanCase(
            "renew(_ worker, holding leases)",
            "a thousand leases",
            reads: 10,
            scans: ["workers", "leases", "closings"]
        ) {
            $0.renew(PlanData.worker(7), holding: leases)
        },
        PlanCase("workers(serving task)", reads: 0, scans: ["workers"]) { $0.workers(serving: PlanData.task(7)) },
        PlanCase("retire(_ worker)", reads: 1, scans: ["workers"]) { $0.retire(PlanData.worker(7)) },
    ]

    private static func settle(_ statements: Statements, _ transition: ExecutionStateMachine.Transition) -> SQL {
        statements.settle(leases.compactMap { .init(Settlement(lease: $0, transition: transition)) })
    }

    static let settling = [
        PlanCase("settle(_ settlings)", "a thousand that completed", reads: 3000, scans: ["leases", "deadlines"]) {
            settle($0, .finish(.completed(Payload(json: "1"))))
        },
        PlanCase("settle(_ settlings)", "a thousand that are tried again", reads: 3000, scans: ["leases", "deadlines"])
        {
            settle($0, .ready(delayMs: 1000, error: .retryable("no"), cost: .retry))
        },
        PlanCase("settle(_ settlings)", "one", reads: 10, scans: ["leases"]) {
            $0.settle(
                leases.prefix(1).compactMap {
                    .init(Settlement(lease: $0, transition: .finish(.completed(.undefined))))
                }
            )
        },
        PlanCase("takeLease(_ lease)", reads: 2, scans: ["leases"]) { $0.takeLease(leases[3]) },
    ]
}
