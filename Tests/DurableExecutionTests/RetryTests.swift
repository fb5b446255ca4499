import DurableExecution
import Testing

@Suite("Retries by hand and the history of attempts", .timeLimit(.minutes(1)))
struct RetryTests {
    @Test("A failed execution runs again when it is retried, and its history is kept", arguments: Store.allCases)
    func retry(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let calls = Tally()
            let task = try executor.task("task", timeout: .seconds(5), retry: .init(maxAttempts: 1)) { (n: Int) in
                if calls.increment() < 3 { throw ExecutionError.retryable("failure \(calls.value)") }
                return n + calls.value
            }
            let handle = try await executor.enqueue(task, 10)
            let failed = try await handle.wait()
            #expect(failed.error == .retryable("failure 2"))
            let retried = try await handle.retry()
            #expect(retried.id == handle.id)
            let execution = try await handle.wait()
            #expect(execution.output == 13)
            let attempts = try await handle.attempts()
            #expect(attempts.map(\.end) == [.retried, .failed, .completed])
            #expect(attempts.map(\.attempt) == [1, 2, 3])
            #expect(attempts.map { $0.error?.message } == ["failure 1", "failure 2", nil])
            #expect(attempts.allSatisfy { attempt in attempt.endedAt.map { $0 >= attempt.startedAt } ?? false })
        }
    }

    @Test("A sequence that is retried goes on at the member that failed", arguments: Store.allCases)
    func sequence(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let (firsts, seconds) = (Tally(), Tally())
            let first = try executor.task("first", timeout: .seconds(5)) { firsts.increment() }
            let second = try executor.task("second", timeout: .seconds(5)) { (n: Int) in
                if seconds.increment() == 1 { throw ExecutionError.nonRetryable("not yet") }
                return n
            }
            let sequence = try executor.sequentialTasks("sequence") {
                first
                second
            }
            let handle = try await executor.enqueue(sequence)
            let failed = try await handle.wait()
            #expect(failed.status == .finalizeFailed)
            try await handle.retry()
            let execution = try await handle.wait()
            #expect(execution.output == 1)
            #expect(firsts.value == 1)
            #expect(seconds.value == 2)
        }
    }

    @Test("What is completed or not finished cannot be retried")
    func refused() async throws {
        try await withRunningExecutor { executor in
            let task = try executor.task("task", timeout: .seconds(5)) {}
            let completed = try await executor.enqueue(task)
            _ = try await completed.wait()
            await #expect(throws: RequestError.self) { try await completed.retry() }
            let waiting = try await executor.enqueue(task, options: .init(sleepMsBeforeRun: 60_000))
            await #expect(throws: RequestError.self) { try await waiting.retry() }
            let none = try await waiting.attempts()
            #expect(none == [])
        }
    }

    @Test("Of executions that are due the one of the highest priority runs first", arguments: Store.allCases)
    func priority(_ store: Store) async throws {
        var configuration = ExecutorConfiguration.quick
        configuration.concurrency = 1
        try await store.withStorage { storage in
            let executor = DurableExecutor(storage: storage, configuration: configuration, logger: .silent)
            let calls = Tally()
            let task = try executor.task("task", timeout: .seconds(5)) { calls.increment() }
            let low = try await executor.enqueue(task, options: .init(priority: -1))
            let normal = try await executor.enqueue(task)
            let high = try await executor.enqueue(task, options: .init(priority: 10))
            try await run(executor) {
                var order: [Int?] = []
                for handle in [high, normal, low] { order.append(try await handle.wait().output) }
                #expect(order == [1, 2, 3])
            }
        }
    }

    @Test(
        "An execution that has not finished by its overall deadline times out, whatever retries are left",
        arguments: Store.allCases
    )
    func deadline(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let task = try executor.task(
                "task",
                timeout: .seconds(5),
                retry: .init(maxAttempts: 100, baseDelayMs: 60_000)
            ) {
                throw ExecutionError.retryable("again")
            }
            let execution = try await executor.enqueue(task, options: .init(expiresInMs: 100)).wait()
            #expect(execution.status == .timedOut)
        }
    }
}
