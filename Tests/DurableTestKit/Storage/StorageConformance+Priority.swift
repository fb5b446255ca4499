import DurableCore
import Testing

extension StorageConformance {
    static let priorityCases: [Case] = [
        Case("higher priorities are leased first, and of one priority the oldest") { subject in
            var ids: [Int: [ExecutionID]] = [:]
            for priority in [0, 5, -100, 100, 5, 0, -1] {
                let options = EnqueueOptions(priority: priority)
                ids[priority, default: []].append(try await subject.enqueue(.child, options: options))
                try await subject.advance(2)
            }
            let expected = [100, 5, 0, -1, -100].flatMap { ids[$0] ?? [] }
            let worker = try await subject.worker()
            var leased: [ExecutionID] = []
            for limit in [1, 3, 10] {
                let leases = try await subject.lease(worker, ["child"], limit: limit)
                #expect(leases.count == min(limit, 7 - leased.count))
                leased += leases.map(\.executionID)
            }
            #expect(leased == expected)
        },
        Case("a high priority that is not due yet stands in nobody's way") { subject in
            _ = try await subject.enqueue(
                .child,
                options: EnqueueOptions(sleepMsBeforeRun: 10_000, priority: 100)
            )
            let due = try await subject.enqueue(.child, options: EnqueueOptions(priority: -100))
            let worker = try await subject.worker()
            let batch = try await subject.storage.lease(LeaseRequest(worker: worker, tasks: ["child"], limit: 2))
            #expect(batch.leases.map(\.executionID) == [due])
            #expect(batch.nextDueMs.map { $0 > 0 && $0 <= 10_000 } == true)
        },
        Case("priority counts across the tasks that are served") { subject in
            let low = try await subject.enqueue(.child)
            let high = try await subject.enqueue(.other, options: EnqueueOptions(priority: 1))
            let worker = try await subject.worker()
            let first = try await subject.lease(worker, ["child", "other"], limit: 1)
            #expect(first.map(\.executionID) == [high])
            let second = try await subject.lease(worker, ["child", "other"], limit: 1)
            #expect(second.map(\.executionID) == [low])
        },
        Case("a retry keeps its priority") { subject in
            let worker = try await subject.worker()
            let options = EnqueueOptions(retryOptions: RetryOptions(maxAttempts: 1), priority: 3)
            let id = try await subject.enqueue(.child, options: options)
            try await subject.attempt("child", by: worker, .failed(.retryable("boom")))
            _ = try await subject.enqueue(.child)
            try await subject.advance(1)
            let leases = try await subject.lease(worker, ["child"], limit: 1)
            #expect(leases.map(\.executionID) == [id])
        },
    ]
}
