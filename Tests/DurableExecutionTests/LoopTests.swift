import DurableExecution
import Foundation
import Synchronization
import Testing

@Suite("Loops in Swift", .timeLimit(.minutes(1)))
struct LoopTests {
    @Test("A loop runs its iteration until that is done, each time with the loop's input", arguments: Store.allCases)
    func completes(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let calls = Tally()
            let inputs = Mutex<[String]>([])
            let iteration = try executor.task("iteration", timeout: .seconds(5)) { (input: String) -> LoopStep<Int> in
                inputs.withLock { $0.append(input) }
                return calls.increment() < 3 ? .notDone : .done(calls.value)
            }
            let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 10)
            let execution = try await executor.enqueue(loop, "same").wait()
            #expect(execution.output == .done(3))
            #expect(execution.output?.output == 3)
            #expect(execution.children.map(\.taskID) == ["iteration", "iteration", "iteration"])
            #expect(inputs.withLock { $0 } == ["same", "same", "same"])
        }
    }

    @Test("A loop without a result says only that it is done")
    func withoutResult() async throws {
        try await withRunningExecutor { executor in
            let iteration = try executor.task("iteration", timeout: .seconds(5)) { () -> LoopStep<NoOutput> in
                .done(NoOutput())
            }
            let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 1)
            let execution = try await executor.enqueue(loop).wait()
            #expect(execution.output == .done(NoOutput()))
        }
    }

    @Test(
        "A loop that never is done completes without success when its attempts are used up",
        arguments: Store.allCases
    )
    func exhausted(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let calls = Tally()
            let iteration = try executor.task("iteration", timeout: .seconds(5)) { (_: Int) -> LoopStep<Int> in
                calls.increment()
                return .notDone
            }
            let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 4)
            let execution = try await executor.enqueue(loop, 0).wait()
            #expect(execution.status == .completed)
            #expect(execution.output == .notDone)
            #expect(execution.output?.output == nil)
            #expect(calls.value == 4)
        }
    }

    @Test("An iteration that fails ends the loop")
    func failure() async throws {
        try await withRunningExecutor { executor in
            let iteration = try executor.task("iteration", timeout: .seconds(5)) { () -> LoopStep<Int> in
                throw ExecutionError.nonRetryable("unknown error")
            }
            let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 4)
            let execution = try await executor.enqueue(loop).wait()
            #expect(execution.status == .finalizeFailed)
            #expect(execution.error == .nonRetryable("Iteration task failed [taskId=iteration]: unknown error"))
        }
    }

    @Test("A delay counts before each iteration, the first included")
    func delay() async throws {
        try await withRunningExecutor { executor in
            let iteration = try Self.iteration(executor, times: 3)
            let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 5, delay: .milliseconds(40))
            let execution = try await executor.enqueue(loop).wait()
            let delays = try await delays(of: execution, iteration, executor)
            #expect(delays == [40, 40, 40])
            let finishedAt = try #require(execution.finishedAt)
            #expect(finishedAt.timeIntervalSince(execution.createdAt) >= 0.119)
        }
    }

    @Test("A delay may depend on the number of the iteration")
    func computedDelay() async throws {
        try await withRunningExecutor { executor in
            let iteration = try Self.iteration(executor, times: 4)
            let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 5) { number in
                .milliseconds(min(number, 2) * 10)
            }
            let execution = try await executor.enqueue(loop).wait()
            let delays = try await delays(of: execution, iteration, executor)
            #expect(delays == [0, 10, 20, 20])
        }
    }

    @Test("Without a delay the iteration's own sleepBeforeRun counts")
    func ownDelay() async throws {
        try await withRunningExecutor { executor in
            let iteration = try executor.task("iteration", timeout: .seconds(5), sleepBeforeRun: .milliseconds(15)) {
                () -> LoopStep<Int> in
                .done(1)
            }
            let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 5)
            let execution = try await executor.enqueue(loop).wait()
            let delays = try await delays(of: execution, iteration, executor)
            #expect(delays == [15])
        }
    }

    @Test("Input that does not fit the iteration is refused when it is enqueued")
    func input() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let iteration = try executor.task("iteration", timeout: .seconds(5)) { (input: Percentage) -> LoopStep<Int> in
            .done(input.value)
        }
        let loop = try executor.loopingTask("loop", iteration: iteration, maxAttempts: 1)
        await #expect(throws: RequestError.invalid("Invalid input to task loop: 200 is no percentage")) {
            try await executor.enqueue(loop, Percentage(value: 200))
        }
    }

    @Test("A loop has at least one attempt and no negative delay")
    func registration() throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let iteration = try Self.iteration(executor, times: 1)
        for attempts in [0, -1] {
            #expect(
                throws: InvalidTask("Max attempts must be greater than 0 for looping task loop, got \(attempts)")
            ) {
                try executor.loopingTask("loop", iteration: iteration, maxAttempts: attempts) { _ in .zero }
            }
        }
        #expect(throws: InvalidTask.self) {
            try executor.loopingTask("loop", iteration: iteration, maxAttempts: 1, delay: .seconds(-1))
        }
    }

    private static func iteration(_ executor: DurableExecutor, times: Int) throws -> DurableTask<Void, LoopStep<Int>> {
        let calls = Tally()
        return try executor.task("iteration", timeout: .seconds(5)) { () -> LoopStep<Int> in
            calls.increment() < times ? .notDone : .done(times)
        }
    }

    /// The delays in milliseconds that the iterations had.
    private func delays(
        of loop: ExecutionSnapshot<LoopResult<Int>>,
        _ iteration: DurableTask<Void, LoopStep<Int>>,
        _ executor: DurableExecutor
    ) async throws -> [Double] {
        var delays: [Double] = []
        for child in loop.children {
            let execution = try await executor.handle(for: iteration, child.executionID).execution()
            delays.append(execution.options.sleepMsBeforeRun)
        }
        return delays
    }
}
