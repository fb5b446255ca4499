import DurableExecution
import Testing

@Suite("Waiting in Swift", .timeLimit(.minutes(1)))
struct WaitTests {
    @Test("A wait that is cancelled before it begins throws at once")
    func cancelledBefore() async throws {
        try await withRunningExecutor { executor in
            let gate = Tally()
            let task = try executor.task("task", timeout: .seconds(30)) { try await gate.reach(1) }
            let handle = try await executor.enqueue(task)
            let waiting = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await handle.wait()
            }
            await #expect(throws: CancellationError.self) { try await waiting.value }
            gate.increment()
            let execution = try await handle.wait()
            #expect(execution.status == .completed)
        }
    }

    @Test("One of several who wait may stop waiting; the others are told of the end")
    func cancelledMeanwhile() async throws {
        try await withRunningExecutor { executor in
            let (started, gate) = (Tally(), Tally())
            let task = try executor.task("task", timeout: .seconds(30)) {
                started.increment()
                try await gate.reach(1)
                return 7
            }
            let handle = try await executor.enqueue(task)
            let impatient = Task { try await handle.wait() }
            let patient = Task { try await handle.wait() }
            try await started.reach(1)
            impatient.cancel()
            await #expect(throws: CancellationError.self) { try await impatient.value }
            gate.increment()
            let execution = try await patient.value
            #expect(execution.output == 7)
        }
    }

    @Test("A wait for what has finished answers at once; cancelling it afterwards changes nothing")
    func afterEnd() async throws {
        let storage = InMemoryStorage()
        let executor = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
        let task = try executor.task("task", timeout: .seconds(5)) { 7 }
        let handle = try await run(executor) {
            let handle = try await executor.enqueue(task)
            _ = try await handle.wait()
            return handle
        }
        // Nobody works any more.
        let waiting = Task { try await handle.wait() }
        let finished = try await waiting.value
        waiting.cancel()
        #expect(finished.output == 7)
        let execution = try await handle.execution()
        #expect(execution.status == .completed)
        #expect(execution.updatedAt == finished.updatedAt)
    }
}
