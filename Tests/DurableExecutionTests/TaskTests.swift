import DurableExecution
import Foundation
import Synchronization
import Testing

@Suite("Tasks in Swift", .timeLimit(.minutes(1)))
struct TaskTests {
    @Test("A task completes with what its closure returns")
    func completes() async throws {
        try await withRunningExecutor { executor in
            let add1 = try executor.task("add1", timeout: .seconds(5)) { (input: Number) in Number(n: input.n + 1) }
            let handle = try await executor.enqueue(add1, Number(n: 0))
            let execution = try await handle.wait()
            #expect(execution.status == .completed)
            #expect(execution.output == Number(n: 1))
            #expect(execution.error == nil)
            #expect(execution.retryAttempts == 0)
            #expect(execution.options.timeoutMs == 5000)
            let startedAt = try #require(execution.startedAt)
            let finishedAt = try #require(execution.finishedAt)
            #expect(execution.createdAt <= startedAt)
            #expect(startedAt <= finishedAt)
            let again = try await executor.handle(for: add1, handle.id).execution()
            #expect(again.output == Number(n: 1))
        }
    }

    @Test("The example of DurableExecutor's documentation")
    func documentation() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage())
        let add1 = try executor.task("add1", timeout: .seconds(5), retry: .init(maxAttempts: 3)) { (input: Number) in
            Number(n: input.n + 1)
        }

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await executor.run() }
            let execution = try await executor.enqueue(add1, Number(n: 0)).wait()
            #expect(execution.output?.n ?? 0 == 1)
            group.cancelAll()
        }
    }

    @Test("Closures of every shape can be tasks")
    func shapes() async throws {
        try await withRunningExecutor { executor in
            let calls = Tally()
            let a = try executor.task("a", timeout: .seconds(5)) { (input: Int, context) in "\(context.taskID) \(input)"
            }
            let b = try executor.task("b", timeout: .seconds(5)) { (_: Int, _) in _ = calls.increment() }
            let c = try executor.task("c", timeout: .seconds(5)) { (input: Int) in input * 2 }
            let d = try executor.task("d", timeout: .seconds(5)) { (_: Int) in _ = calls.increment() }
            let e = try executor.task("e", timeout: .seconds(5)) { context in context.attempt }
            let f = try executor.task("f", timeout: .seconds(5)) { (_: RunContext) in _ = calls.increment() }
            let g = try executor.task("g", timeout: .seconds(5)) { [1, 2] }
            let h = try executor.task("h", timeout: .seconds(5)) { _ = calls.increment() }

            let outputA = try await executor.enqueue(a, 1).wait().output
            #expect(outputA == "a 1")
            let outputC = try await executor.enqueue(c, 21).wait().output
            #expect(outputC == 42)
            let outputE = try await executor.enqueue(e).wait().output
            #expect(outputE == 0)
            let outputG = try await executor.enqueue(g).wait().output
            #expect(outputG == [1, 2])
            for handle in [try await executor.enqueue(b, 1), try await executor.enqueue(d, 1)] {
                let execution = try await handle.wait()
                #expect(execution.output != nil)
            }
            for task in [f, h] {
                let execution = try await executor.enqueue(task).wait()
                #expect(execution.status == .completed)
            }
            #expect(calls.value == 4)
        }
    }

    @Test("A task may be registered and enqueued before the executor runs, and while it does")
    func anyOrder() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), configuration: .quick, logger: .silent)
        let early = try executor.task("early", timeout: .seconds(5)) { 1 }
        let handle = try await executor.enqueue(early)
        let before = try await handle.execution()
        #expect(before.status == .ready)
        #expect(before.result == nil)
        let running = Task { try await executor.run() }
        defer { running.cancel() }
        let first = try await handle.wait()
        #expect(first.output == 1)
        let late = try executor.task("late", timeout: .seconds(5)) { 2 }
        let second = try await executor.enqueue(late).wait()
        #expect(second.output == 2)
    }

    @Test("An error that is no ExecutionError is recorded in its own words, and retryable")
    func fails() async throws {
        struct OutOfTea: Error, CustomStringConvertible { var description: String { "There is no tea left" } }
        try await withRunningExecutor { executor in
            let task = try executor.task("test", timeout: .seconds(5)) { throw OutOfTea() }
            let execution = try await executor.enqueue(task).wait()
            #expect(execution.status == .failed)
            #expect(execution.output == nil)
            #expect(execution.error == .retryable("There is no tea left"))
        }
    }

    @Test("A failed attempt is tried again; the context says which attempt it is and what went wrong before")
    func retries() async throws {
        try await withRunningExecutor { executor in
            let contexts = Mutex<[RunContext]>([])
            let task = try executor.task(
                "test",
                timeout: .seconds(5),
                retry: .init(maxAttempts: 5, baseDelayMs: 1)
            ) { (input: String, context) in
                contexts.withLock { $0.append(context) }
                if context.attempt < 2 { throw ExecutionError.retryable("\(input) \(context.attempt)") }
                return "fine"
            }
            let handle = try await executor.enqueue(task, "failure")
            let execution = try await handle.wait()
            #expect(execution.output == "fine")
            #expect(execution.error == nil)
            #expect(execution.retryAttempts == 2)
            let seen = contexts.withLock { $0 }
            #expect(seen.map(\.attempt) == [0, 1, 2])
            #expect(seen.map(\.leaseAttempt) == [1, 2, 3])
            #expect(seen.map { $0.previousError?.message } == [nil, "failure 0", "failure 1"])
            #expect(Set(seen.map(\.executionID)) == [handle.id])
        }
    }

    @Test("Retries end; the last error stays")
    func retriesEnd() async throws {
        try await withRunningExecutor { executor in
            let calls = Tally()
            let task = try executor.task("test", timeout: .seconds(5), retry: .init(maxAttempts: 2)) {
                throw ExecutionError.retryable("failure \(calls.increment())")
            }
            let execution = try await executor.enqueue(task).wait()
            #expect(execution.status == .failed)
            #expect(execution.error?.message == "failure 3")
            #expect(execution.retryAttempts == 2)
            #expect(calls.value == 3)
        }
    }

    @Test("A non-retryable error ends the execution at once, whatever retries are left")
    func nonRetryable() async throws {
        try await withRunningExecutor { executor in
            let calls = Tally()
            let task = try executor.task("test", timeout: .seconds(5), retry: .init(maxAttempts: 5)) {
                calls.increment()
                throw ExecutionError.nonRetryable("never")
            }
            let execution = try await executor.enqueue(task).wait()
            #expect(execution.status == .failed)
            #expect(execution.error == .nonRetryable("never"))
            #expect(calls.value == 1)
        }
    }

    @Test("An attempt that takes too long is cancelled and times out")
    func timesOut() async throws {
        try await withRunningExecutor { executor in
            let cancelled = Tally()
            let task = try executor.task("test", timeout: .milliseconds(50)) {
                do { try await Task.sleep(for: .seconds(60)) } catch { cancelled.increment() }
            }
            let execution = try await executor.enqueue(task).wait()
            #expect(execution.status == .timedOut)
            #expect(execution.error == .timedOut)
            try await cancelled.reach(1)
        }
    }

    @Test("Options of one enqueueing replace the task's own")
    func overrides() async throws {
        try await withRunningExecutor { executor in
            let task = try executor.task("test", timeout: .seconds(60)) { try await Task.sleep(for: .seconds(60)) }
            let execution = try await executor.enqueue(task, options: .init(timeoutMs: 20)).wait()
            #expect(execution.status == .timedOut)
            #expect(execution.options.timeoutMs == 20)
        }
    }

    @Test("A task starts no sooner than sleepBeforeRun says")
    func sleepsBeforeRun() async throws {
        try await withRunningExecutor { executor in
            let task = try executor.task("test", timeout: .seconds(5), sleepBeforeRun: .milliseconds(300)) { 1 }
            let execution = try await executor.enqueue(task).wait()
            let startedAt = try #require(execution.startedAt)
            #expect(startedAt >= execution.startAt)
            #expect(execution.startAt.timeIntervalSince(execution.createdAt) > 0.299)
            #expect(execution.options.sleepMsBeforeRun == 300)
        }
    }

    @Test("Input that does not decode fails the execution with what is wrong with it, without running the task")
    func invalidInput() async throws {
        let storage = InMemoryStorage()
        let executor = DurableExecutor(storage: storage, configuration: .quick, logger: .silent)
        let calls = Tally()
        let task = try executor.task("test", timeout: .seconds(5), retry: .init(maxAttempts: 3)) { (_: [Number]) in
            _ = calls.increment()
        }
        let insertions = try await storage.insert([
            NewExecution(taskID: "test", input: Payload(json: #"[{"n":1},{"n":"two"}]"#), options: task.options)
        ])
        let running = Task { try await executor.run() }
        defer { running.cancel() }
        let execution = try await executor.handle(for: task, insertions[0].executionID).wait()
        #expect(execution.status == .failed)
        #expect(
            execution.error == .nonRetryable("Invalid input to task test: [1].n: Expected an integer, found a string")
        )
        #expect(execution.retryAttempts == 0)
        #expect(calls.value == 0)
    }

    @Test("Output that is too large, or that JSON has no place for, fails the execution for good")
    func invalidOutput() async throws {
        try await withRunningExecutor { executor in
            let large = try executor.task("large", timeout: .seconds(5), retry: .init(maxAttempts: 3)) {
                String(repeating: "x", count: 1 << 20)
            }
            let execution = try await executor.enqueue(large).wait()
            #expect(
                execution.error
                    == .nonRetryable("The output of task large is 1048578 bytes of JSON; at most 1048576 are kept")
            )
            let infinite = try executor.task("infinite", timeout: .seconds(5)) { ["x": Double.infinity] }
            let other = try await executor.enqueue(infinite).wait()
            #expect(
                other.error
                    == .nonRetryable(
                        "The output of task infinite cannot be encoded: x: inf cannot be represented in a payload"
                    )
            )
        }
    }

    @Test("Input that is too large is refused when it is enqueued")
    func inputTooLarge() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let task = try executor.task("test", timeout: .seconds(5)) { (_: String) in }
        await #expect(throws: RequestError.self) {
            try await executor.enqueue(task, String(repeating: "x", count: 1 << 20))
        }
    }

    @Test("The same idempotency key answers with the same execution, and refuses another input")
    func idempotency() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let task = try executor.task("test", timeout: .seconds(5)) { (_: [String: Int]) in }
        let input = ["a": 1, "b": 2, "c": 3]
        let first = try await executor.enqueue(task, input, options: .init(idempotencyKey: "k"))
        let second = try await executor.enqueue(task, input, options: .init(idempotencyKey: "k"))
        #expect(first.id == second.id)
        await #expect(throws: RequestError.self) {
            try await executor.enqueue(task, [:], options: .init(idempotencyKey: "k"))
        }
    }
}
