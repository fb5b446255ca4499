import DurableExecution
import ServiceLifecycleTestKit
import Testing

@Suite("Cancellation and shutdown", .timeLimit(.minutes(1)))
struct CancellationTests {
    @Test("An execution that is cancelled before it starts never runs")
    func beforeStart() async throws {
        try await withRunningExecutor { executor in
            let calls = Tally()
            let task = try executor.task("test", timeout: .seconds(5), sleepBeforeRun: .seconds(5)) {
                _ = calls.increment()
            }
            let handle = try await executor.enqueue(task)
            let cancelled = try await handle.cancel()
            #expect(cancelled.status == .cancelled)
            #expect(cancelled.error == .cancelled)
            #expect(cancelled.startedAt == nil)
            let again = try await handle.cancel()
            #expect(again.finishedAt == cancelled.finishedAt)
            // One that became due after it has run by then.
            let later = try await executor.enqueue(task)
            _ = try await later.wait()
            #expect(calls.value == 1)
        }
    }

    @Test("A running task is told that it was cancelled, and what it returns is ignored")
    func whileRunning() async throws {
        try await withRunningExecutor { executor in
            let started = Tally()
            let stopped = Tally()
            let task = try executor.task("test", timeout: .seconds(60), retry: .init(maxAttempts: 5)) { context in
                started.increment()
                try? await Task.sleep(for: .seconds(60))
                if context.isCancelled { stopped.increment() }
                return "late"
            }
            let handle = try await executor.enqueue(task)
            try await started.reach(1)
            let cancelled = try await handle.cancel()
            #expect(cancelled.status == .cancelled)
            try await stopped.reach(1)
            let execution = try await handle.wait()
            #expect(execution.status == .cancelled)
            #expect(execution.output == nil)
        }
    }

    @Test("Cancelling a finished execution changes nothing")
    func afterEnd() async throws {
        try await withRunningExecutor { executor in
            let task = try executor.task("test", timeout: .seconds(5)) { 1 }
            let handle = try await executor.enqueue(task)
            let finished = try await handle.wait()
            let cancelled = try await handle.cancel()
            #expect(cancelled.status == .completed)
            #expect(cancelled.output == 1)
            #expect(cancelled.updatedAt == finished.updatedAt)
        }
    }

    @Test("A task cancels its own execution by throwing the cancelled error")
    func fromWithin() async throws {
        try await withRunningExecutor { executor in
            let task = try executor.task("test", timeout: .seconds(5), retry: .init(maxAttempts: 3)) {
                throw ExecutionError.cancelled
            }
            let execution = try await executor.enqueue(task).wait()
            #expect(execution.status == .cancelled)
            #expect(execution.retryAttempts == 0)
        }
    }

    @Test("A CancellationError that nobody asked for is an ordinary failure")
    func strayCancellation() async throws {
        try await withRunningExecutor { executor in
            let task = try executor.task("test", timeout: .seconds(5), retry: .init(maxAttempts: 1)) { context in
                if context.attempt == 0 { throw CancellationError() }
                return context.previousError?.isRetryable
            }
            let execution = try await executor.enqueue(task).wait()
            #expect(execution.status == .completed)
            #expect(execution.output == true)
        }
    }

    @Test("A wait that is cancelled throws; the execution goes on")
    func cancelledWait() async throws {
        try await withRunningExecutor { executor in
            let task = try executor.task("test", timeout: .seconds(60)) { try await Task.sleep(for: .seconds(60)) }
            let handle = try await executor.enqueue(task)
            let waiting = Task { try await handle.wait() }
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
            let execution = try await handle.execution()
            #expect(!execution.isFinished)
        }
    }

    @Test("On graceful shutdown a task sees the signal and ends by itself; its result is recorded and run() returns")
    func shutdown() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), configuration: .quick, logger: .silent)
        let started = Tally()
        let task = try executor.task("test", timeout: .seconds(60)) { context in
            started.increment()
            await context.shutdown.wait()
            return context.shutdown.isRaised && !context.isCancelled
        }
        let handle = try await executor.enqueue(task)
        try await runUntilShutDown(executor, when: started)
        let execution = try await handle.wait()
        #expect(execution.status == .completed)
        #expect(execution.output == true)
    }

    @Test("What does not end within the drain time is given back at no cost")
    func drain() async throws {
        var configuration = ExecutorConfiguration.quick
        configuration.drain = .milliseconds(50)
        let executor = DurableExecutor(storage: InMemoryStorage(), configuration: configuration, logger: .silent)
        let started = Tally()
        let task = try executor.task("test", timeout: .seconds(60)) {
            started.increment()
            try await Task.sleep(for: .seconds(60))
        }
        let handle = try await executor.enqueue(task)
        try await runUntilShutDown(executor, when: started)
        let execution = try await handle.execution()
        #expect(execution.status == .ready)
        #expect(execution.retryAttempts == 0)
        #expect(execution.error == nil)
    }

    @Test("An executor that is stopping does not wait out its drain time for what is cancelled meanwhile")
    func cancelledWhileStopping() async throws {
        var configuration = ExecutorConfiguration.quick
        // Longer than the test may take.
        configuration.drain = .seconds(600)
        let executor = DurableExecutor(storage: InMemoryStorage(), configuration: configuration, logger: .silent)
        let started = Tally()
        let task = try executor.task("test", timeout: .seconds(600)) {
            started.increment()
            try await Task.sleep(for: .seconds(600))
        }
        let handle = try await executor.enqueue(task)
        try await runUntilShutDown(executor, when: started) { try await handle.cancel() }
        let execution = try await handle.execution()
        #expect(execution.status == .cancelled)
    }

    /// Runs the executor, asks it to stop once the tally is 1, and returns when it has.
    ///
    /// - Parameter afterwards: What happens once it has been asked.
    private func runUntilShutDown(
        _ executor: DurableExecutor,
        when started: Tally,
        _ afterwards: @Sendable () async throws -> Void = {}
    ) async throws {
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await executor.run() }
                try await started.reach(1)
                trigger.triggerGracefulShutdown()
                try await afterwards()
                try await group.waitForAll()
            }
        }
    }
}
