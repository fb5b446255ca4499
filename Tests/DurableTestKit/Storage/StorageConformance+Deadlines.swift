import DurableCore
import Testing

extension StorageConformance {
    /// Has the time of everything that expires in 30 seconds come.
    private static func passDeadlines(_ subject: Subject) async throws {
        let early = try await subject.storage.expire(limit: 10)
        #expect(early.count == 0)
        let due = try #require(early.nextDueMs)
        #expect(due > 0 && due <= 30_000)
        try await subject.advance(30_001)
        let expired = try await subject.storage.expire(limit: 10)
        #expect(expired.count == 1 && !expired.isMore)
        try await subject.tellFamilies()
    }

    private static let expiring = EnqueueOptions(expiresInMs: 30_000)

    static let deadlineCases: [Case] = [
        Case("an execution that has not begun by its deadline is timed out") { subject in
            let options = EnqueueOptions(sleepMsBeforeRun: 40_000, expiresInMs: 30_000)
            let id = try await subject.enqueue(.child, options: options)
            let ready = try await subject.execution(id)
            #expect(ready.deadline == ready.createdAt.adding(milliseconds: 30_000))
            try await passDeadlines(subject)
            let timedOut = try await subject.execution(id)
            #expect(timedOut.status == .timedOut && timedOut.error == .timedOut && timedOut.finishedAt != nil)
            try await subject.advance(20_000)
            let leases = try await subject.lease(try await subject.worker(), ["child"])
            #expect(leases.isEmpty)
        },
        Case("an attempt under way at the deadline is lost, retries or not") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let options = EnqueueOptions(retryOptions: RetryOptions(maxAttempts: 5), expiresInMs: 30_000)
            let id = try await subject.enqueue(.child, options: options)
            let lease = try await subject.leaseOne(worker, of: "child")
            try await passDeadlines(subject)
            let status = try await subject.status(id)
            #expect(status == .timedOut)
            let renewal = try await subject.storage.renew(worker, holding: [lease.id])
            #expect(renewal?.lost == [lease.id])
            let late = try await subject.settle(lease, .completed(.undefined))
            #expect(!late)
        },
        Case("a parent that waits for its children at the deadline is timed out with them") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let id = try await subject.spawn(.parent(), by: worker, [.plain(), .plain()], options: expiring)
            _ = try await subject.leaseOne(worker, of: "child")
            try await passDeadlines(subject)
            let parent = try await subject.execution(id)
            #expect(parent.status == .timedOut)
            for child in parent.children {
                let execution = try await subject.execution(child.executionID)
                #expect(execution.status == .cancelled)
                #expect(execution.error == .parentFailed(parent.reference, .timedOut))
            }
        },
        Case("a parent that waits for its finalize execution at the deadline is timed out with it") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, [], options: expiring)
            try await passDeadlines(subject)
            let parent = try await subject.execution(id)
            #expect(parent.status == .timedOut)
            let finalize = try await subject.status(try #require(parent.finalize).executionID)
            #expect(finalize == .cancelled)
        },
        Case("a sequence at its deadline is timed out with its member") { subject in
            let id = try await subject.enqueue(.sequence([.child, .other]), options: expiring)
            try await passDeadlines(subject)
            let sequence = try await subject.execution(id)
            #expect(sequence.status == .timedOut)
            let member = try await subject.status(try #require(sequence.children.first).executionID)
            #expect(member == .cancelled)
        },
        Case("a sleeper is timed out at its deadline if that comes before its timeout") { subject in
            let id = try await subject.enqueue(.sleeper, input: #""a""#, options: expiring)
            try await passDeadlines(subject)
            let status = try await subject.status(id)
            #expect(status == .timedOut)
        },
        Case("a child's deadline is its own, and told to its parent") { subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(), by: worker, [.plain(options: expiring)])
            try await passDeadlines(subject)
            let parent = try await subject.execution(id)
            #expect(parent.status == .completed)
            let text = parent.output?.json.map { String(decoding: $0, as: UTF8.self) } ?? ""
            #expect(text.contains(#""status":"timed_out""#))
        },
        Case("what has finished by its deadline stays as it is") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.child, options: expiring)
            try await subject.attempt("child", by: worker)
            let done = try await subject.execution(id)
            let idle = try await subject.storage.expire(limit: 10)
            #expect(idle.count == 0 && idle.nextDueMs == nil)
            try await subject.advance(30_001)
            let expired = try await subject.storage.expire(limit: 10)
            #expect(expired.count == 0)
            let after = try await subject.execution(id)
            #expect(after == done)
        },
        Case("deadlines survive retries, and the furthest never comes") { subject in
            let worker = try await subject.worker()
            let options = EnqueueOptions(retryOptions: RetryOptions(maxAttempts: 5), expiresInMs: 30_000)
            let id = try await subject.enqueue(.child, options: options)
            let deadline = try await subject.execution(id).deadline
            try await subject.attempt("child", by: worker, .failed(.retryable("boom")))
            let kept = try await subject.execution(id).deadline
            #expect(kept == deadline && kept != nil)
            let furthest = try await subject.enqueue(
                .other,
                options: EnqueueOptions(expiresInMs: TaskOptions.largestInteger)
            )
            let never = try await subject.execution(furthest).deadline
            #expect(never == .latest)
        },
        Case("keeping deadlines is bounded") { subject in
            for _ in 0..<5 { _ = try await subject.enqueue(.child, options: expiring) }
            try await subject.advance(30_001)
            var passes: [Progress] = []
            for _ in 0..<4 { passes.append(try await subject.storage.expire(limit: 2)) }
            #expect(passes.map(\.count) == [2, 2, 1, 0])
            #expect(passes.last?.isMore == false && passes.first?.isMore == true)
        },
    ]
}
