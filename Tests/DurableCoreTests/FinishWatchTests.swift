import DurableCore
import DurableTestKit
import Testing

@Suite("Waiting for ends", .timeLimit(.minutes(1)))
struct FinishWatchTests {
    private let storage = InMemoryStorage { Timestamp(microseconds: 0) }
    private let signals = LocalSignals()

    /// Runs the body with a watch over executions that have not finished.
    private func watching(
        _ count: Int,
        _ body: @escaping @Sendable (FinishWatch, [ExecutionID]) async throws -> Void
    ) async throws {
        let watch = FinishWatch(storage: storage, signals: signals)
        let ids = try await storage.insert((0..<count).map { _ in .plain() }).map(\.executionID)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await watch.run() }
            try await body(watch, ids)
            group.cancelAll()
        }
    }

    @Test("an end between entering and listening is not missed")
    func early() async throws {
        try await watching(1) { watch, ids in
            let late = await watch.enter(ids[0], atMost: .seconds(60))
            let other = await watch.enter(ids[0], atMost: .seconds(60))
            _ = try await storage.cancel(ids)
            signals.send(.finished)
            let told = await watch.end(of: other)
            #expect(told?.status == .cancelled)
            // Another look would not find it any more.
            #expect(await storage.prune(finishedForMs: -1, from: nil, limit: 10).deleted == 1)
            let toldLate = await watch.end(of: late)
            #expect(toldLate == told)
        }
    }

    @Test("more ends at once than a look-up brings are all told")
    func many() async throws {
        try await watching(200) { watch, ids in
            try await withThrowingTaskGroup(of: ExecutionID?.self) { group in
                for id in ids {
                    let waiter = await watch.enter(id, atMost: .seconds(60))
                    group.addTask { await watch.end(of: waiter)?.id }
                }
                _ = try await storage.cancel(ids)
                signals.send(.finished)
                let told = try await group.reduce(into: Set<ExecutionID>()) { if let id = $1 { $0.insert(id) } }
                #expect(told == Set(ids))
            }
        }
    }

    @Test("nothing is told when the time is up, to a caller that is cancelled, and of an execution that is not known")
    func nothing() async throws {
        try await watching(1) { watch, ids in
            let hasty = await watch.enter(ids[0], atMost: .milliseconds(1))
            #expect(await watch.end(of: hasty) == nil)
            let waiter = await watch.enter(ids[0], atMost: .seconds(60))
            let cancelled = Task { await watch.end(of: waiter) }
            cancelled.cancel()
            #expect(await cancelled.value == nil)
            let stranger = await watch.enter(ExecutionID(bits: 1), atMost: .seconds(60))
            signals.send(.finished)
            #expect(await watch.end(of: stranger) == nil)
        }
    }
}
