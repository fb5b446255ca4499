import DurableExecution
import Testing

@Suite("Cancelling again and again", .timeLimit(.minutes(1)))
struct RepeatedCancellationTests {
    @Test("Of many cancellations of a running execution one counts, and its task is told", arguments: Store.allCases)
    func whileRunning(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let (started, told) = (Tally(), Tally())
            let task = try executor.task("task", timeout: .seconds(60), retry: .init(maxAttempts: 5)) {
                started.increment()
                do { try await Task.sleep(for: .seconds(60)) } catch { told.increment() }
            }
            let handle = try await executor.enqueue(task)
            try await started.reach(1)
            let ends = try await withThrowingTaskGroup(of: ExecutionSnapshot<Void>.self) { group in
                for _ in 0..<5 { group.addTask { try await handle.cancel() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(ends.allSatisfy { $0.status == .cancelled })
            #expect(Set(ends.map(\.finishedAt)).count == 1)
            try await told.reach(1)
            let again = try await handle.cancel()
            #expect(again.updatedAt == ends[0].updatedAt)
            #expect(started.value == 1)
        }
    }
}
