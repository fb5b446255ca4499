import DurableCore
import Testing

extension StorageConformance {
    private static func prune(_ subject: Subject, limit: Int = 2) async throws -> Int {
        var deleted = 0
        var cursor: ExecutionID?
        repeat {
            let pruning = try await subject.storage.prune(finishedForMs: 50_000, from: cursor, limit: limit)
            deleted += pruning.deleted
            cursor = pruning.next
        } while cursor != nil
        return deleted
    }

    static let pruningCases: [Case] = [
        Case("a tree is kept until its root may go, and goes with it") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let id = try await subject.spawn(.parent(finalize: .finalize), by: worker, [.plain(), .plain("other")])
            try await subject.attempt("child", by: worker)
            try await subject.advance(60_000)
            let early = try await prune(subject)
            #expect(early == 0)
            try await subject.attempt("other", by: worker)
            try await subject.attempt("finalize", by: worker)
            try await subject.advance(40_000)
            let tooEarly = try await prune(subject)
            #expect(tooEarly == 0)
            let readable = try await subject.execution(id)
            #expect(readable.children.count == 2 && readable.finalize != nil)
            try await subject.advance(10_001)
            var deleted = 0
            for _ in 0..<3 { deleted += try await prune(subject) }
            #expect(deleted == 4)
            let left = try await subject.storage.list(ExecutionQuery())
            #expect(left.isEmpty)
        },
        Case("a sleeper's name is free again when the sleeper is gone") { subject in
            let first = try await subject.enqueue(.sleeper, input: #""a""#)
            try await subject.wake("a")
            try await subject.advance(50_001)
            let deleted = try await prune(subject)
            #expect(deleted == 1)
            let settled = try await subject.storage.settled(among: [first], limit: 1)
            #expect(settled == [first: nil])
            let second = try await subject.enqueue(.sleeper, input: #""a""#)
            let status = try await subject.status(second)
            #expect(status == .running)
        },
        Case("an early wake-up of a pruned sleeper's name is kept for the next") { subject in
            _ = try await subject.enqueue(.sleeper, input: #""a""#)
            try await subject.wake("a")
            try await subject.advance(50_001)
            _ = try await prune(subject)
            let kept = try await subject.wake("a", "sleeper", .completed(Payload(json: "5")))
            #expect(kept == .kept)
            let next = try await subject.enqueue(.sleeper, input: #""a""#)
            let output = try await subject.execution(next).output
            #expect(output == Payload(json: "5"))
        },
        Case("attempts at what is gone are forgotten") { subject in
            let worker = try await subject.worker(leaseMs: 1_000_000)
            let id = try await subject.insert(.plain(retries: RetryOptions(maxAttempts: 1)))
            try await subject.attempt("add1", by: worker, .failed(.retryable("boom")))
            try await subject.advance(1)
            try await subject.attempt("add1", by: worker)
            try await subject.advance(50_001)
            let deleted = try await prune(subject)
            #expect(deleted == 1)
            let attempts = try await subject.storage.attempts(of: id)
            #expect(attempts.isEmpty)
        },
    ]
}
