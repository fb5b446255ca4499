import DurableCore
import Testing

extension StorageConformance {
    static let leaseCases: [Case] = [
        Case("a leased execution runs, and is not leased twice") { subject in
            let id = try await subject.enqueue()
            let worker = try await subject.worker()
            let lease = try await subject.leaseOne(worker)
            #expect(lease.id == LeaseID(executionID: id, attempt: 1))
            #expect(lease.retryAttempts == 0 && lease.leaseLosses == 0 && lease.previousError == nil)
            let again = try await subject.lease(worker)
            #expect(again.isEmpty)

            let execution = try await subject.execution(id)
            #expect(execution.status == .running)
            #expect(execution.workerID == worker)
            #expect(execution.attempt == 1)
            #expect(execution.startedAt == lease.startedAt)
            #expect(execution.expiresAt == lease.startedAt.adding(milliseconds: 5000))
        },
        Case("leases no more than asked for, the oldest first") { subject in
            var ids: [ExecutionID] = []
            for _ in 0..<4 {
                try await subject.advance(1)
                ids.append(try await subject.enqueue())
            }
            let worker = try await subject.worker()
            let two = try await subject.lease(worker, limit: 2)
            #expect(two.map(\.executionID) == Array(ids.prefix(2)))
            let none = try await subject.lease(worker, limit: 0)
            #expect(none.isEmpty)
        },
        Case("of many tasks with more than enough each gets a share, and the answer says that more is due") { subject in
            let tasks = (1...10).map { TaskID("task\($0)") }
            var ids: Set<ExecutionID> = []
            for task in tasks {
                for _ in 1...5 { ids.insert(try await subject.enqueue(task)) }
            }
            let worker = try await subject.worker()
            var leased: [ExecutionID] = []
            var batches = 0
            while leased.count < ids.count, batches < 50 {
                let batch = try await subject.storage.lease(LeaseRequest(worker: worker, tasks: tasks, limit: 20))
                #expect(batch.leases.count == 20 || batch.nextDueMs == 0 || leased.count + batch.leases.count == 50)
                leased += batch.leases.map(\.executionID)
                batches += 1
            }
            #expect(leased.count == ids.count && Set(leased) == ids)
        },
        Case("higher priorities go first, however many tasks there are") { subject in
            var high: Set<ExecutionID> = []
            for number in 1...20 {
                _ = try await subject.enqueue(TaskID("low\(number)"))
                guard number <= 3 else { continue }
                for _ in 1...3 {
                    var new = NewExecution.plain(TaskID("low\(number)"))
                    new.priority = 5
                    high.insert(try await subject.insert(new))
                }
            }
            let tasks = (1...20).map { TaskID("low\($0)") }
            let batch = try await subject.storage.lease(
                LeaseRequest(worker: try await subject.worker(), tasks: tasks, limit: 9)
            )
            #expect(Set(batch.leases.prefix(6).map(\.executionID)).isSubset(of: high))
        },
        Case("nothing of a lower priority is leased while a task has more of a higher one than its share") { subject in
            func enqueue(_ count: Int, _ task: TaskID, priority: Int) async throws -> Set<ExecutionID> {
                var ids: Set<ExecutionID> = []
                for _ in 0..<count {
                    var new = NewExecution.plain(task)
                    new.priority = priority
                    ids.insert(try await subject.insert(new))
                }
                return ids
            }
            var high = try await enqueue(9, "many", priority: 5)
            for task in ["one", "two"] { high.formUnion(try await enqueue(1, TaskID(task), priority: 5)) }
            let low = try await enqueue(10, "many", priority: 0)
            var request = LeaseRequest(worker: try await subject.worker(), tasks: ["many", "one", "two"], limit: 9)
            var leased: [ExecutionID] = []
            for _ in 0..<20 where leased.count < 21 {
                let batch = try await subject.storage.lease(request)
                leased += batch.leases.map(\.executionID)
                if request.position == nil { request.position = batch.position } else { request.position = nil }
            }
            #expect(Set(leased.prefix(11)) == high)
            #expect(Set(leased.dropFirst(11)) == low)
        },
        Case("one busy task of many gets all that was asked for, from a position as well") { subject in
            let worker = try await subject.worker()
            let tasks = (1...20).map { TaskID("task\($0)") }
            var request = LeaseRequest(worker: worker, tasks: tasks, limit: 10)
            // Nothing is there yet; the position is one in all of them.
            request.position = try await subject.storage.lease(request).position
            for _ in 1...40 { _ = try await subject.enqueue(tasks[7]) }
            let behind = try await subject.storage.lease(request)
            #expect(behind.leases.count == 10)
            request.position = nil
            let whole = try await subject.storage.lease(request)
            #expect(whole.leases.count == 10)
        },
        Case("goes on behind a position; what was passed by is found without it") { subject in
            var ids: [ExecutionID] = []
            for _ in 0..<4 {
                try await subject.advance(1)
                ids.append(try await subject.enqueue())
            }
            let worker = try await subject.worker()
            var request = LeaseRequest(worker: worker, tasks: ["add1"], limit: 2)
            let first = try await subject.storage.lease(request)
            // Keeps its place, which the position has passed.
            _ = try await subject.storage.settle([
                ExecutionStateMachine.release(of: try #require(first.leases.first).id)
            ])
            request.position = first.position
            let second = try await subject.storage.lease(request)
            request.position = nil
            let rest = try await subject.storage.lease(request)
            #expect(Set((second.leases + rest.leases).map(\.executionID)) == [ids[0], ids[2], ids[3]])
        },
        Case("a position in a queue of a task that is not served any more is not looked at") { subject in
            for task in ["add1", "add2"] {
                for _ in 1...2 { _ = try await subject.enqueue(TaskID(task)) }
            }
            let worker = try await subject.worker()
            let first = try await subject.storage.lease(
                LeaseRequest(worker: worker, tasks: ["add1", "add2"], limit: 2)
            )
            let second = try await subject.storage.lease(
                LeaseRequest(worker: worker, tasks: ["add2"], limit: 2, position: first.position)
            )
            #expect(second.leases.allSatisfy { $0.taskID == "add2" })
        },
        Case("leases only the tasks that are served") { subject in
            _ = try await subject.enqueue("add1")
            let other = try await subject.enqueue("add2")
            let worker = try await subject.worker()
            let nothing = try await subject.lease(worker, [])
            #expect(nothing.isEmpty)
            let leases = try await subject.lease(worker, ["add2", "add3"])
            #expect(leases.map(\.executionID) == [other])
        },
        Case("an execution with a delay is leased when its time has come") { subject in
            let id = try await subject.enqueue(sleepMs: 30_000)
            let worker = try await subject.worker(leaseMs: 60_000)
            let early = try await subject.storage.lease(LeaseRequest(worker: worker, tasks: ["add1"], limit: 1))
            #expect(early.leases.isEmpty)
            let due = try #require(early.nextDueMs)
            #expect(due > 0 && due <= 30_000)
            try await subject.advance(30_001)
            let late = try await subject.lease(worker)
            #expect(late.map(\.executionID) == [id])
        },
        Case("an execution with the longest delay waits without harm") { subject in
            let id = try await subject.enqueue(sleepMs: Double(TaskOptions.largestInteger))
            let execution = try await subject.execution(id)
            #expect(execution.status == .ready)
            #expect(execution.startAt == .latest)
            let leases = try await subject.lease(try await subject.worker())
            #expect(leases.isEmpty)
        },
        Case("concurrent workers never lease the same execution") { subject in
            let ids = try await subject.storage.insert((0..<200).map { _ in .plain() }).map(\.executionID)
            let leased = try await withThrowingTaskGroup(of: [ExecutionID].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let worker = try await subject.worker()
                        var mine: [ExecutionID] = []
                        while true {
                            let batch = try await subject.lease(worker, limit: 7).map(\.executionID)
                            if batch.isEmpty { return mine }
                            mine += batch
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(leased.count <= 200)
            #expect(Set(leased).count == leased.count)
            // Whoever saw only rows that others had locked gave up early; nothing is lost by that.
            let rest = try await subject.lease(try await subject.worker(), limit: 200)
            #expect(Set(leased + rest.map(\.executionID)) == Set(ids))
        },
        Case("a worker that is not registered leases nothing") { subject in
            _ = try await subject.enqueue()
            let leases = try await subject.lease(.random())
            #expect(leases.isEmpty)
        },
        Case("a retired worker leases nothing and does not renew") { subject in
            _ = try await subject.enqueue()
            let worker = try await subject.worker()
            try await subject.storage.retire(worker)
            let leases = try await subject.lease(worker)
            #expect(leases.isEmpty)
            let renewal = try await subject.storage.renew(worker, holding: [])
            #expect(renewal == nil)
        },
        Case("renewing tells which leases are gone") { subject in
            let first = try await subject.enqueue()
            let second = try await subject.enqueue()
            let worker = try await subject.worker()
            let leases = try await subject.lease(worker).map(\.id)
            let held = try await subject.storage.renew(worker, holding: leases)
            #expect(held == Renewal(lost: []))
            _ = try await subject.storage.cancel([first])
            let renewal = try await subject.storage.renew(worker, holding: leases)
            #expect(renewal?.lost.map(\.executionID) == [first])
            let stranger = try await subject.worker()
            let foreign = try await subject.storage.renew(stranger, holding: leases)
            #expect(foreign?.lost.count == 2)
            let status = try await subject.execution(second).status
            #expect(status == .running)
        },
    ]

    static let upkeepCases: [Case] = [
        Case("leases of a worker that renews are left alone") { subject in
            _ = try await subject.enqueue()
            let worker = try await subject.worker(leaseMs: 100_000)
            let lease = try await subject.leaseOne(worker)
            for _ in 0..<4 {
                try await subject.advance(60_000)
                let renewal = try await subject.storage.renew(worker, holding: [lease.id])
                #expect(renewal == Renewal(lost: []))
                let reclaimed = try await subject.storage.reclaim(limit: 10, maxLeaseLosses: 10)
                #expect(reclaimed.count == 0)
            }
        },
        Case("leases of a lost worker run elsewhere, under a higher number, at no cost of retries") { subject in
            let id = try await subject.enqueue()
            let lost = try await subject.worker(leaseMs: 30_000)
            let first = try await subject.leaseOne(lost)
            try await subject.advance(30_001)
            let reclaimed = try await subject.storage.reclaim(limit: 10, maxLeaseLosses: 10)
            #expect(reclaimed.count == 1 && !reclaimed.isMore && reclaimed.signals.contains(.ready))
            let renewal = try await subject.storage.renew(lost, holding: [first.id])
            #expect(renewal == nil)

            let between = try await subject.execution(id)
            #expect(between.status == .ready)
            #expect(between.error == .expired)
            #expect(between.leaseLosses == 1 && between.retryAttempts == 0)

            let second = try await subject.leaseOne(try await subject.worker())
            #expect(second.id == LeaseID(executionID: id, attempt: 2))
            #expect(second.retryAttempts == 0 && second.leaseLosses == 1 && second.previousError == .expired)

            let late = try await subject.settle(first, .completed(Payload(json: "1")))
            #expect(!late)
            let running = try await subject.execution(id)
            #expect(running.status == .running && running.output == nil)
            let inTime = try await subject.settle(second, .completed(Payload(json: "2")))
            #expect(inTime)
            let done = try await subject.execution(id)
            #expect(done.output == Payload(json: "2"))
        },
        Case("leases of a retired worker are taken back at once") { subject in
            let id = try await subject.enqueue()
            let worker = try await subject.worker()
            _ = try await subject.leaseOne(worker)
            try await subject.storage.retire(worker)
            let reclaimed = try await subject.storage.reclaim(limit: 10, maxLeaseLosses: 10)
            #expect(reclaimed.count == 1 && !reclaimed.isMore && reclaimed.signals.contains(.ready))
            let status = try await subject.execution(id).status
            #expect(status == .ready)
        },
        Case("an execution that loses too many leases fails and says why") { subject in
            let id = try await subject.enqueue(retries: RetryOptions(maxAttempts: 5))
            for loss in 1...3 {
                let worker = try await subject.worker()
                let lease = try await subject.leaseOne(worker)
                #expect(lease.id.attempt == loss)
                try await subject.storage.retire(worker)
                _ = try await subject.storage.reclaim(limit: 10, maxLeaseLosses: 2)
            }
            let execution = try await subject.execution(id)
            #expect(execution.status == .failed)
            #expect(execution.error == .leaseLostTooOften(3))
            #expect(execution.retryAttempts == 0)
        },
        Case("what a worker does not know that it holds is given back at no cost") { subject in
            for _ in 0..<3 { _ = try await subject.enqueue() }
            let worker = try await subject.worker()
            let other = try await subject.worker()
            let known = try await subject.lease(worker, limit: 1)
            let unknown = try await subject.lease(worker, limit: 1)
            let others = try await subject.lease(other, limit: 1)
            try await subject.storage.giveBack(leasedTo: worker, besides: known.map(\.id))
            let renewal = try await subject.storage.renew(worker, holding: (known + unknown).map(\.id))
            #expect(renewal?.lost == Set(unknown.map(\.id)))
            let undisturbed = try await subject.storage.renew(other, holding: others.map(\.id))
            #expect(undisturbed?.lost == [])
            let again = try await subject.lease(other)
            #expect(again.map(\.executionID) == unknown.map(\.executionID))
            #expect(again.first?.leaseLosses == 0 && again.first?.retryAttempts == 0)
        },
        Case("reclaiming is bounded") { subject in
            for _ in 0..<5 { _ = try await subject.enqueue() }
            let worker = try await subject.worker()
            _ = try await subject.lease(worker)
            try await subject.storage.retire(worker)
            var counts: [Int] = []
            for _ in 0..<4 { counts.append(try await subject.storage.reclaim(limit: 2, maxLeaseLosses: 10).count) }
            #expect(counts == [2, 2, 1, 0])
        },
        Case("pruning deletes what finished long ago, and only that, in pages") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000_000)
            for _ in 0..<3 {
                _ = try await subject.enqueue()
                let lease = try await subject.leaseOne(worker)
                _ = try await subject.settle(lease, .completed(.undefined))
            }
            let keyed = try await subject.storage.insert([.plain(key: "k")])[0].executionID
            _ = try await subject.storage.cancel([keyed])
            let unfinished = try await subject.enqueue()
            try await subject.advance(100_000)
            let young = try await subject.enqueue()
            _ = try await subject.storage.cancel([young])

            var deleted = 0
            var cursor: ExecutionID?
            repeat {
                let pruning = try await subject.storage.prune(finishedForMs: 90_000, from: cursor, limit: 2)
                deleted += pruning.deleted
                cursor = pruning.next
            } while cursor != nil
            #expect(deleted == 4)
            let left = try await subject.storage.list(ExecutionQuery())
            #expect(Set(left.map(\.id)) == [unfinished, young])
            let reused = try await subject.storage.insert([.plain(input: "7", key: "k")])[0]
            #expect(reused == .inserted(reused.executionID))
        },
    ]
}
