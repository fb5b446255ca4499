import DurableExecution
import Testing

@Suite("Sequences in Swift", .timeLimit(.minutes(1)))
struct SequenceTests {
    @Test("Each output is the next input, and the last output is the result", arguments: Store.allCases)
    func completes(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let length = try executor.task("length", timeout: .seconds(5)) { (text: String) in text.count }
            let double = try executor.task("double", timeout: .seconds(5)) { (n: Int) in Double(n) * 2.5 }
            let show = try executor.task("show", timeout: .seconds(5)) { (n: Double) in "\(n)!" }
            let sequence = try executor.sequentialTasks("sequence") {
                length
                double
                show
            }
            let execution = try await executor.enqueue(sequence, "abcd").wait()
            #expect(execution.status == .completed)
            #expect(execution.output == "10.0!")
            #expect(execution.children.map(\.taskID) == ["length", "double", "show"])
        }
    }

    @Test("A sequence of one", arguments: [true, false])
    func single(_ fails: Bool) async throws {
        try await withRunningExecutor { executor in
            let only = try executor.task("only", timeout: .seconds(5)) { (n: Int) in
                if fails { throw ExecutionError.nonRetryable("not today") }
                return n + 1
            }
            let sequence = try executor.sequentialTasks("sequence") { only }
            let execution = try await executor.enqueue(sequence, 1).wait()
            if fails {
                #expect(execution.status == .finalizeFailed)
                #expect(
                    execution.error
                        == .nonRetryable("Sequential task failed [parentTaskId=sequence] [index=0]: not today")
                )
            } else {
                #expect(execution.output == 2)
            }
        }
    }

    @Test("Input that does not fit the first member is refused when it is enqueued")
    func input() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let first = try executor.task("first", timeout: .seconds(5)) { (input: Percentage) in input.value }
        let second = try executor.task("second", timeout: .seconds(5)) { (n: Int) in n }
        let sequence = try executor.sequentialTasks("sequence") {
            first
            second
        }
        await #expect(throws: RequestError.invalid("Invalid input to task sequence: -1 is no percentage")) {
            try await executor.enqueue(sequence, Percentage(value: -1))
        }
    }

    @Test("A member that fails ends the sequence with its index; later ones never run", arguments: Store.allCases)
    func failure(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let calls = Tally()
            let first = try executor.task("first", timeout: .seconds(5)) { calls.increment() }
            let second = try executor.task("second", timeout: .seconds(5)) { (_: Int) -> Int in
                throw ExecutionError.nonRetryable("second failed")
            }
            let third = try executor.task("third", timeout: .seconds(5)) { (_: Int) in calls.increment() }
            let sequence = try executor.sequentialTasks("seq") {
                first
                second
                third
            }
            let execution = try await executor.enqueue(sequence).wait()
            #expect(execution.status == .finalizeFailed)
            #expect(
                execution.error
                    == .nonRetryable("Sequential task failed [parentTaskId=seq] [index=1]: second failed")
            )
            #expect(execution.children.map(\.taskID) == ["first", "second"])
            #expect(calls.value == 1)
        }
    }

    @Test("A member that takes too long ends the sequence")
    func timeout() async throws {
        try await withRunningExecutor { executor in
            let slow = try executor.task("slow", timeout: .milliseconds(30)) { try await Task.sleep(for: .seconds(60)) }
            let next = try executor.task("next", timeout: .seconds(5)) {}
            let sequence = try executor.sequentialTasks("seq") {
                slow
                next
            }
            let execution = try await executor.enqueue(sequence).wait()
            #expect(execution.status == .finalizeFailed)
            #expect(
                execution.error?.message
                    == "Sequential task failed [parentTaskId=seq] [index=0]: Task execution timed out"
            )
        }
    }

    @Test(
        "Cancelling a sequence cancels the member under way; later ones never run",
        arguments: Store.allCases,
        [0, 1]
    )
    func cancellation(_ store: Store, _ stage: Int) async throws {
        try await withRunningExecutor(on: store) { executor in
            let started = Tally()
            let stopped = Tally()
            func member(_ index: Int) throws -> DurableTask<Void, Void> {
                try executor.task(TaskID("member\(index)"), timeout: .seconds(60)) {
                    started.increment()
                    guard index == stage else { return }
                    do { try await Task.sleep(for: .seconds(60)) } catch { stopped.increment() }
                }
            }
            let (first, second, third) = (try member(0), try member(1), try member(2))
            let sequence = try executor.sequentialTasks("sequence") {
                first
                second
                third
            }
            let handle = try await executor.enqueue(sequence)
            try await started.reach(stage + 1)
            let cancelled = try await handle.cancel()
            #expect(cancelled.status == .cancelled)
            try await stopped.reach(1)
            let execution = try await handle.wait()
            #expect(execution.children.count == stage + 1)
            #expect(started.value == stage + 1)
        }
    }

    @Test("Members may be parents and sequences themselves", arguments: Store.allCases)
    func nested(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let add1 = try executor.task("add1", timeout: .seconds(5)) { (n: Int) in n + 1 }
            let twice = try executor.sequentialTasks("twice") {
                add1
                add1
            }
            let fan = try executor.parentTask("fan", timeout: .seconds(5)) { (n: Int, _) in
                Spawn(children: [add1.child(n), twice.child(n)])
            } finalize: { results in
                try results.outputs(of: add1) + results.outputs(of: twice)
            }
            let sequence = try executor.sequentialTasks("sequence") {
                twice
                fan
            }
            let execution = try await executor.enqueue(sequence, 0).wait()
            #expect(execution.output == [3, 4])
        }
    }

    @Test("A sequence cannot be its own member by name, nor have a taken name")
    func registration() throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let first = try executor.task("first", timeout: .seconds(5)) {}
        #expect(throws: InvalidTask("Sequential task first cannot be its own member")) {
            try executor.sequentialTasks("first") { first }
        }
        _ = try executor.sequentialTasks("sequence") { first }
        #expect(throws: InvalidTask("Task with given id already exists [taskId=sequence]")) {
            try executor.sequentialTasks("sequence") { first }
        }
    }
}
