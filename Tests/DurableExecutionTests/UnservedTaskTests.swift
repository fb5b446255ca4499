import DurableExecution
import Testing

@Suite("Tasks that nobody serves yet", .timeLimit(.minutes(1)))
struct UnservedTaskTests {
    @Test("An execution waits, and does not fail, until a running executor has its task", arguments: Store.allCases)
    func waits(_ store: Store) async throws {
        try await store.withStorage { storage in
            let signals = LocalSignals()
            let front = DurableExecutor(storage: storage, signals: signals, configuration: .quick, logger: .silent)
            let back = DurableExecutor(storage: storage, signals: signals, configuration: .quick, logger: .silent)
            let late = try front.task("late", timeout: .seconds(5)) { "front" }
            let known = try back.task("known", timeout: .seconds(5)) { 1 }
            try await run(back) {
                let handle = try await front.enqueue(late)
                // When this one has run, the executor has looked for work with the other one there.
                _ = try await back.enqueue(known).wait()
                let waiting = try await handle.execution()
                #expect(waiting.status == .ready)
                #expect(waiting.error == nil)
                _ = try back.task("late", timeout: .seconds(5)) { "back" }
                let execution = try await handle.wait()
                #expect(execution.output == "back")
            }
        }
    }

    @Test(
        "A parent whose task no running executor has any more completes when its children have",
        arguments: Store.allCases
    )
    func orphaned(_ store: Store) async throws {
        try await store.withStorage { storage in
            let gone = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
            let child = try gone.task("child", timeout: .seconds(5)) { (n: Int) in n * 10 }
            let parent = try gone.parentTask("parent", timeout: .seconds(5)) { _ in
                Spawn(children: (1...3).map { child.child($0, options: .init(sleepMsBeforeRun: 500)) })
            }
            let handle = try await gone.enqueue(parent)
            try await run(gone) {
                let deadline = ContinuousClock.now.advanced(by: .seconds(20))
                while try await handle.execution().status != .waitingForChildren {
                    try #require(ContinuousClock.now < deadline)
                    try await Task.sleep(for: .milliseconds(5))
                }
            }

            let left = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
            _ = try left.task("child", timeout: .seconds(5)) { (n: Int) in n * 10 }
            let execution = try await run(left) { try await handle.wait() }
            #expect(execution.status == .completed)
            let outputs = try execution.output?.outputs(of: child)
            #expect(outputs == [10, 20, 30])
        }
    }
}
