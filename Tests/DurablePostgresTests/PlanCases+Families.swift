import DurableCore
import DurablePostgres
import LibPQ

private let thousandParents = PlanData.ids(PlanData.parents.suffix(1000))
private let largestParent = PlanData.id(PlanData.largestParent)

/// Of these a thousand at once may be worth reading all of them: that costs less than a thousand looks, or is not done.
private let narrow: Set<String> = ["leases", "waiting", "deadlines"]

extension PlanCase {
    static let families = [
        PlanCase("wait(_ id, attempt, for children, carrying output)", reads: 2) {
            $0.wait(PlanData.id(525_001), attempt: 1, for: 3, carrying: Payload(json: "1"))
        },
        PlanCase("closings(limit)", reads: 1000, scans: ["closings"]) { $0.closings(limit: 1000) },
        PlanCase("forget(closings ids)", reads: 1000, scans: ["closings"]) {
            $0.forget(closings: PlanData.ids(PlanData.closing))
        },
        PlanCase("count(_ ended)", "a child each of a thousand parents", reads: 2000, scans: ["waiting"]) {
            $0.count(
                thousandParents.map { Statements.Ended(parent: $0, attempt: 1, isFinalize: false, count: 1) }
            )
        },
        PlanCase("parents(_ ids)", reads: 1000) { $0.parents(thousandParents) },
        PlanCase("ends(of parent, attempt)", "10,002 children", reads: 10_010) {
            $0.ends(of: largestParent, attempt: 1)
        },
        PlanCase("ends(of ids)", reads: 1000) { $0.ends(of: PlanData.ids(PlanData.closing)) },
        PlanCase("sizeOfOutputs(of parent, attempt)", "10,002 children", reads: 10_010) {
            $0.sizeOfOutputs(of: largestParent, attempt: 1)
        },
        PlanCase("numberOfChildren(of parent, attempt)", "10,002 children", reads: 1) {
            $0.numberOfChildren(of: largestParent, attempt: 1)
        },
        PlanCase("waitOn(_ id, for waitsFor)", reads: 2) { $0.waitOn(largestParent, for: "finalize") },
        PlanCase("descent(of ids, limit)", "a thousand parents of ten children", reads: 4000) {
            $0.descent(of: PlanData.ids(PlanData.failedParents), limit: 1000)
        },
        PlanCase("lastChild(of id)", "10,002 children", reads: 2) { $0.lastChild(of: largestParent) },
    ]

    private static func finish(_ numbers: some Sequence<Int>, _ statements: Statements, waits: Bool) -> SQL {
        statements.finish(
            PlanData.ids(numbers).map { Statements.Finishing(id: $0, ending: .cancelled(.cancelled)) },
            waits: waits
        )
    }

    static let finishing = [
        // Looks for each in the three places that it may be in, twice where it is: to lock and to delete.
        PlanCase("finish(_ finishings, waits)", "a thousand that are ready", reads: 8000, scans: narrow) {
            finish(PlanData.ready.prefix(1000), $0, waits: false)
        },
        PlanCase("finish(_ finishings, waits)", "a thousand that run", reads: 8000, scans: narrow) {
            finish(PlanData.running, $0, waits: false)
        },
        PlanCase("finish(_ finishings, waits)", "a thousand that wait", reads: 8000, scans: narrow) {
            finish(PlanData.sleepers.prefix(1000), $0, waits: false)
        },
        PlanCase("finish(_ finishings, waits)", "one", reads: 15, scans: ["leases"]) {
            finish(600_000...600_000, $0, waits: true)
        },
        PlanCase("sleeper(_ uniqueID)", reads: 1) { $0.sleeper("sleeper 520007") },
        PlanCase("keep(_ wakeUp, _ ending)", reads: 1) {
            let wakeUp = WakeUp(
                taskID: PlanData.task(1),
                uniqueID: "new",
                result: .completed(Payload(json: "1")),
                keptForMs: 1000
            )
            return $0.keep(wakeUp, wakeUp.result.ending)
        },
        PlanCase("retryable(_ id)", reads: 2) { $0.retryable(PlanData.id(460_010)) },
        PlanCase("restart(_ id, waitsFor, timesOut)", reads: 10, scans: ["closings"]) {
            $0.restart(PlanData.id(10), waitsFor: nil, timesOut: false)
        },
        PlanCase("resume(_ id, waitsFor)", reads: 10, scans: ["closings"]) {
            $0.resume(PlanData.id(927_001), waitsFor: "children")
        },
        PlanCase("close(_ id)", reads: 2) { $0.close(PlanData.id(460_010)) },
    ]
}
