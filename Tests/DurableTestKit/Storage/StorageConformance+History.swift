import DurableCore
import Testing

extension StorageConformance {
    static let historyCases: [Case] = [
        Case("every attempt is told of: its worker, its times, its end and its error") { subject in
            let id = try await subject.insert(.plain(retries: RetryOptions(maxAttempts: 1)))
            let none = try await subject.storage.attempts(of: id)
            #expect(none.isEmpty)
            let worker = try await subject.worker()
            let first = try await subject.leaseOne(worker)
            let running = try await subject.storage.attempts(of: id)
            #expect(
                running == [
                    AttemptRecord(
                        attempt: 1,
                        workerID: worker,
                        workerName: "test",
                        startedAt: first.startedAt,
                        endedAt: nil,
                        end: .running,
                        error: nil
                    )
                ]
            )
            try await subject.settle(first, .failed(.retryable("boom")))
            try await subject.advance(10)
            let waiting = try await subject.storage.attempts(of: id)
            #expect(waiting.map(\.end) == [.retried] && waiting.map(\.error) == [.retryable("boom")])
            #expect(waiting.first?.endedAt != nil && waiting.first?.workerID == worker)

            let released = try await subject.leaseOne(worker)
            _ = try await subject.storage.settle([ExecutionStateMachine.release(of: released.id)])
            let lost = try await subject.worker()
            _ = try await subject.leaseOne(lost)
            try await subject.storage.retire(lost)
            _ = try await subject.storage.reclaim(limit: 10, maxLeaseLosses: 10)
            let last = try await subject.leaseOne(worker)
            try await subject.settle(last, .completed(.undefined))

            let attempts = try await subject.storage.attempts(of: id)
            #expect(attempts.map(\.attempt) == [1, 2, 3, 4])
            #expect(attempts.map(\.end) == [.retried, .released, .lost, .completed])
            #expect(attempts.map(\.workerID) == [worker, worker, lost, worker])
            #expect(attempts.allSatisfy { attempt in attempt.endedAt.map { $0 >= attempt.startedAt } == true })
            #expect(attempts.last?.startedAt == last.startedAt)
            let done = try await subject.execution(id)
            #expect(attempts.last?.endedAt == done.finishedAt)
        },
        Case("the last attempt tells how the execution ended") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let endings: [(ExecutionError, AttemptRecord.End)] = [
                (.nonRetryable("no"), .failed), (.timedOut, .timedOut), (.cancelled, .cancelled),
            ]
            for (error, end) in endings {
                let id = try await subject.enqueue(.child)
                try await subject.attempt("child", by: worker, .failed(error))
                let attempts = try await subject.storage.attempts(of: id)
                #expect(attempts.map(\.end) == [end] && attempts.map(\.error) == [error])
            }
            let cancelled = try await subject.enqueue(.child)
            _ = try await subject.leaseOne(worker, of: "child")
            _ = try await subject.storage.cancel([cancelled])
            let attempts = try await subject.storage.attempts(of: cancelled)
            #expect(attempts.map(\.end) == [.cancelled])
            let never = try await subject.enqueue(.child)
            _ = try await subject.storage.cancel([never])
            let none = try await subject.storage.attempts(of: never)
            #expect(none.isEmpty)
        },
        Case("an attempt that brought children ended when it brought them") { subject in
            let worker = try await subject.worker()
            let id = try await subject.spawn(.parent(), by: worker, [.plain()])
            let waiting = try await subject.execution(id)
            let spawned = try await subject.storage.attempts(of: id)
            #expect(spawned.map(\.end) == [.spawned])
            #expect(spawned.map(\.endedAt) == [waiting.waitingForChildrenAt])
            try await subject.advance(1000)
            try await subject.attempt("child", by: worker)
            let after = try await subject.storage.attempts(of: id)
            #expect(after == spawned)
        },
        Case("a retry by hand keeps the history") { subject in
            let worker = try await subject.worker()
            let id = try await subject.enqueue(.child)
            try await subject.attempt("child", by: worker, .failed(.nonRetryable("no")))
            _ = try await subject.storage.retry(id)
            let kept = try await subject.storage.attempts(of: id)
            #expect(kept.map(\.end) == [.failed] && kept.map(\.error) == [.nonRetryable("no")])
            let again = try await subject.leaseOne(worker, of: "child")
            let running = try await subject.storage.attempts(of: id)
            #expect(running.map(\.end) == [.failed, .running])
            try await subject.settle(again, .completed(.undefined))
            let attempts = try await subject.storage.attempts(of: id)
            #expect(attempts.map(\.end) == [.failed, .completed] && attempts.map(\.attempt) == [1, 2])
        },
        Case("what nobody makes attempts at has no history") { subject in
            let sleeper = try await subject.enqueue(.sleeper, input: #""a""#)
            let sequence = try await subject.enqueue(.sequence([.child]))
            for id in [sleeper, sequence, ExecutionID(bits: 7)] {
                let attempts = try await subject.storage.attempts(of: id)
                #expect(attempts.isEmpty)
            }
            _ = try await subject.storage.cancel([sleeper, sequence])
            _ = try await subject.storage.retry(sleeper)
            let attempts = try await subject.storage.attempts(of: sleeper)
            #expect(attempts.isEmpty)
        },
    ]
}
