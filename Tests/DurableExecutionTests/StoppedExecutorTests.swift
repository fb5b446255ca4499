import DurableExecution
import ServiceLifecycleTestKit
import Testing

@Suite("After an executor has stopped", .timeLimit(.minutes(1)))
struct StoppedExecutorTests {
    @Test("Asking an executor twice to stop is asking once; what it is given afterwards is stored, and run by another")
    func afterwards() async throws {
        let storage = InMemoryStorage()
        let stopped = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
        let task = try stopped.task("task", timeout: .seconds(5)) { "stopped" }
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stopped.run() }
                let execution = try await stopped.enqueue(task).wait()
                #expect(execution.output == "stopped")
                trigger.triggerGracefulShutdown()
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }

        let handle = try await stopped.enqueue(task)
        let waiting = try await handle.execution()
        #expect(waiting.status == .ready)

        let other = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
        _ = try other.task("task", timeout: .seconds(5)) { "other" }
        let execution = try await run(other) { try await handle.wait() }
        #expect(execution.output == "other")
    }
}
