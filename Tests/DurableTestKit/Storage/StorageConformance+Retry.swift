import DurableCore
import Testing

extension StorageConformance {
    static let retryCases: [Case] = [
        Case("what did not complete runs again by hand, with its retries given back") { subject in
            let worker = try await subject.worker()
            let new = NewExecution.plain(retries: RetryOptions(maxAttempts: 1))
            let id = try await subject.insert(new)
            for _ in 0..<2 {
                try await subject.attempt("add1", by: worker, .failed(.retryable("boom")))
                try await subject.advance(1)
            }
            let failed = try await subject.execution(id)
            #expect(failed.status == .failed && failed.retryAttempts == 1)

            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            let ready = try await subject.execution(id)
            #expect(ready.status == .ready && ready.retryAttempts == 0 && ready.leaseLosses == 0)
            #expect(ready.finishedAt == nil && ready.startedAt == nil && ready.workerID == nil)
            #expect(ready.createdAt == failed.createdAt && ready.input == failed.input)
            let lease = try await subject.leaseOne(worker)
            #expect(lease.id.attempt == 3 && lease.retryAttempts == 0 && lease.previousError == .retryable("boom"))
            try await subject.settle(lease, .completed(Payload(json: "1")))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.error == nil && done.output == Payload(json: "1"))
        },
        Case("every unsuccessful end can be retried") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let failed = try await subject.enqueue(.child)
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            let timedOut = try await subject.enqueue(.child, options: EnqueueOptions(expiresInMs: 10_000))
            try await subject.advance(10_001)
            _ = try await subject.storage.expire(limit: 10)
            let cancelled = try await subject.enqueue(.child)
            _ = try await subject.storage.cancel([cancelled])
            for id in [failed, timedOut, cancelled] {
                let result = try await subject.storage.retry(id)
                #expect(result == .retried)
                let status = try await subject.status(id)
                #expect(status == .ready)
            }
            // It has as long again as it had at first.
            let again = try await subject.execution(timedOut)
            #expect(again.deadline?.milliseconds(since: again.updatedAt) == 10_000)
            for _ in 0..<3 { try await subject.attempt("child", by: worker) }
            let expired = try await subject.storage.expire(limit: 10)
            #expect(expired.count == 0)
        },
        Case("an execution that was retried before its end was told ends once") { subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(), by: worker, [.plain()])
            _ = try await subject.storage.cancel([id])
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            try await subject.tellFamilies()
            let status = try await subject.status(id)
            #expect(status == .ready)
            // The children of the attempt before do not go on beside the new ones.
            let old = try await subject.storage.list(ExecutionQuery(taskID: "child"))
            #expect(old.map(\.status) == [.cancelled])
        },
        Case("what is unknown, unfinished or completed is not retried") { subject in
            let worker = try await subject.worker()
            let unknown = try await subject.storage.retry(ExecutionID(bits: 7))
            #expect(unknown == .notFound)
            let id = try await subject.enqueue(.child)
            let ready = try await subject.storage.retry(id)
            #expect(ready == .isUnfinished(.ready))
            let lease = try await subject.leaseOne(worker, of: "child")
            let running = try await subject.storage.retry(id)
            #expect(running == .isUnfinished(.running))
            try await subject.settle(lease, .completed(.undefined))
            let completed = try await subject.storage.retry(id)
            #expect(completed == .isCompleted)
            let parent = try await subject.spawn(.parent(), by: worker, [.plain()])
            let waiting = try await subject.storage.retry(parent)
            #expect(waiting == .isUnfinished(.waitingForChildren))
        },
        Case("a child is not retried while its parent waits, and changes nothing for one that has finished") {
            subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(), by: worker, [.plain(), .plain("other")])
            let parent = try await subject.execution(id)
            let child = parent.children[0].executionID
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            let refused = try await subject.storage.retry(child)
            #expect(refused == .parentIsUnfinished(parent.reference))
            let unchanged = try await subject.status(child)
            #expect(unchanged == .failed)
            try await subject.attempt("other", by: worker)
            let done = try await subject.execution(id)
            #expect(done.status == .completed)

            let accepted = try await subject.storage.retry(child)
            #expect(accepted == .retried)
            try await subject.attempt("child", by: worker, .completed(Payload(json: "9")))
            let output = try await subject.execution(child).output
            #expect(output == Payload(json: "9"))
            let after = try await subject.execution(id)
            #expect(after == done)
        },
        Case("a failed parent runs anew, with new children") { subject in
            let worker = try await subject.worker()
            let task = TaskDefinition.parent(onChildFailure: .fail)
            let id = try await subject.spawn(task, by: worker, [.plain(), .plain()])
            let old = try await subject.execution(id).children
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            let failed = try await subject.status(id)
            #expect(failed == .failed)
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            let lease = try await subject.attempt(
                "parent",
                by: worker,
                .spawned(Payload(json: "2"), children: [.plain("other")]),
                tasks: [.other]
            )
            #expect(lease.id.attempt == 2)
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForChildren && waiting.activeChildren == 1 && waiting.error == nil)
            #expect(waiting.children.map(\.taskID) == ["other"])
            let new = try await subject.execution(waiting.children[0].executionID)
            #expect(new.family?.parentAttempt == 2 && new.family?.index == 0)
            try await subject.attempt("other", by: worker)
            let done = try await subject.execution(id)
            let other = waiting.children[0].executionID
            let text =
                #"{"output":2,"children":[{"taskId":"other","executionId":"\#(other)","status":"completed","output":1}]}"#
            #expect(done.status == .completed && done.output == Payload(json: text))
            // The children of the attempt before are there to be looked at.
            let history = try await subject.storage.executions(old.map(\.executionID))
            #expect(Set(history.values.map(\.status)) == [.failed, .cancelled])
        },
        Case("a sleeper sleeps again by hand, under its name and for its whole time") { subject in
            let id = try await subject.enqueue(.sleeper, input: #""a""#)
            try await subject.wake("a", "sleeper", .failed(.nonRetryable("no")))
            try await subject.advance(30_000)
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            let asleep = try await subject.execution(id)
            #expect(asleep.status == .running)
            try await subject.advance(50_000)
            let early = try await subject.storage.expire(limit: 10)
            #expect(early.count == 0)
            let woken = try await subject.wake("a")
            #expect(woken == .wokenUp(asleep.reference))
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("of many retries by hand at once one counts") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.child)
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            let results = try await withThrowingTaskGroup(of: RetryResult.self) { group in
                for _ in 0..<8 { group.addTask { try await subject.storage.retry(id) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results.count { $0 == .retried } == 1)
            #expect(results.count { $0 == .isUnfinished(.ready) } == 7)
            let lease = try await subject.leaseOne(worker, of: "child")
            #expect(lease.id.attempt == 2)
            let more = try await subject.lease(worker, ["child"])
            #expect(more.isEmpty)
        },
    ]

    static let resumeCases: [Case] = [
        Case("a parent that failed in its finalize execution is finalized again, its children are left alone") {
            subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, [.plain()])
            try await subject.attempt("child", by: worker)
            try await subject.attempt("finalize", by: worker, .failed(.nonRetryable("no")))
            let failed = try await subject.execution(id)
            #expect(failed.status == .finalizeFailed)
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForFinalize && waiting.error == nil && waiting.finishedAt == nil)
            #expect(waiting.children == failed.children && waiting.finalize == failed.finalize)
            let lease = try await subject.attempt("finalize", by: worker, .completed(Payload(json: "3")))
            #expect(lease.id.attempt == 2)
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.output == Payload(json: "3"))
            let children = try await subject.count(of: "child")
            #expect(children == 1)
        },
        Case("nested finalize executions are retried down to the one that failed") { subject in
            let worker = try await subject.worker()
            let task = TaskDefinition.parent(finalize: .parent("second", finalize: .finalize))
            let id = try await subject.spawn(task, by: worker, [])
            try await subject.attempt("second", by: worker, .spawned(.undefined, children: []))
            try await subject.attempt("finalize", by: worker, .failed(.nonRetryable("no")))
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            let second = try await subject.execution(try #require(try await subject.execution(id).finalize).executionID)
            #expect(second.status == .waitingForFinalize)
            try await subject.attempt("finalize", by: worker)
            let status = try await subject.status(id)
            #expect(status == .completed)
        },
        Case("a sequence goes on at the member that failed") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.sequence([.child, .other, .finalize]))
            try await subject.attempt("child", by: worker)
            try await subject.attempt("other", by: worker, .failed(.nonRetryable("no")))
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            let waiting = try await subject.execution(id)
            #expect(waiting.status == .waitingForChildren && waiting.activeChildren == 1 && waiting.error == nil)
            let lease = try await subject.attempt("other", by: worker, .completed(Payload(json: "2")))
            #expect(lease.id.attempt == 2)
            let last = try await subject.attempt("finalize", by: worker)
            #expect(last.input == Payload(json: "2"))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.children.count == 3)
        },
        Case("a cancelled sequence goes on where it was") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.sequence([.child, .other]))
            try await subject.attempt("child", by: worker)
            _ = try await subject.storage.cancel([id])
            try await subject.tellFamilies()
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            try await subject.attempt("other", by: worker)
            let status = try await subject.status(id)
            #expect(status == .completed)
            let members = try await subject.count(of: "child")
            #expect(members == 1)
        },
        Case("a loop goes on at the iteration that failed") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.loop(.child, maxAttempts: 3))
            try await subject.attempt("child", by: worker, .completed(Payload(json: #"{"isDone":false}"#)))
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            try await subject.attempt("child", by: worker, .completed(Payload(json: #"{"isDone":true,"output":4}"#)))
            let done = try await subject.execution(id)
            #expect(done.status == .completed && done.children.count == 2)
            #expect(done.output == Payload(json: #"{"isSuccess":true,"output":4}"#))
        },
        Case("a sequence whose next member could not begin tries that again") { subject in
            let worker = try await subject.worker()
            let holder = try await subject.enqueue(.sleeper, input: #""a""#)
            let id = try await subject.enqueue(.sequence([.child, .sleeper]))
            try await subject.attempt("child", by: worker, .completed(Payload(json: #""a""#)))
            let failed = try await subject.status(id)
            #expect(failed == .finalizeFailed)
            // Later it fails again, and then the name becomes free.
            try await subject.wake("a")
            try await subject.advance(100_000)
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            try await subject.tellFamilies()
            let again = try await subject.execution(id)
            #expect(again.status == .finalizeFailed && again.children.count == 1)
            _ = try await subject.storage.prune(finishedForMs: 60_000, from: nil, limit: 100)
            let gone = try await subject.storage.executions([holder])
            #expect(gone.isEmpty)
            _ = try await subject.storage.retry(id)
            try await subject.tellFamilies()
            let asleep = try await subject.execution(id)
            #expect(asleep.status == .waitingForChildren && asleep.children.count == 2)
        },
        Case("a parent whose finalize sequence could not begin is not stuck when it is retried") { subject in
            let worker = try await subject.worker()
            let finalize = TaskDefinition.sequence("finalize_all", [.sleeper])
            let task = TaskDefinition.parent(finalize: finalize, onChildFailure: .fail)
            // One attempt with children that fail, the next without.
            let id = try await subject.spawn(task, by: worker, [.plain()])
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            _ = try await subject.storage.retry(id)
            try await subject.attempt("parent", by: worker, .spawned(.undefined, children: []))
            let failed = try await subject.status(id)
            #expect(failed == .finalizeFailed)
            let result = try await subject.storage.retry(id)
            #expect(result == .retried)
            try await subject.tellFamilies()
            let again = try await subject.status(id)
            #expect(again == .ready || again == .finalizeFailed)
        },
    ]
}
