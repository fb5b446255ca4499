import DurableExecution
import Testing

@Suite("Sleepers in Swift", .timeLimit(.minutes(1)))
struct SleeperTests {
    @Test("A sleeper completes with the output that it is woken up with", arguments: Store.allCases)
    func completes(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60), output: Number.self)
            let handle = try await executor.enqueue(sleeper, "name")
            let asleep = try await handle.execution()
            #expect(asleep.status == .running)
            let woken = try await executor.wakeUp(sleeper, "name", with: Number(n: 7))
            #expect(woken?.id == handle.id)
            #expect(woken?.output == Number(n: 7))
            let execution = try await handle.wait()
            #expect(execution.status == .completed)
            #expect(execution.output == Number(n: 7))
        }
    }

    @Test("A sleeper without output completes when it is woken up")
    func withoutOutput() async throws {
        try await withRunningExecutor { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60))
            let handle = try await executor.enqueue(sleeper, "name")
            try await executor.wakeUp(sleeper, "name")
            let execution = try await handle.wait()
            #expect(execution.status == .completed)
        }
    }

    @Test("A sleeper fails with the message that it is woken up with", arguments: Store.allCases)
    func fails(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60), output: Int.self)
            let handle = try await executor.enqueue(sleeper, "name")
            let woken = try await executor.wakeUp(sleeper, "name", failing: "declined")
            #expect(woken?.status == .failed)
            let execution = try await handle.wait()
            #expect(execution.error == .nonRetryable("declined"))
        }
    }

    @Test("A sleeper that nobody wakes up times out", arguments: Store.allCases)
    func timesOut(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .milliseconds(50), output: Int.self)
            let execution = try await executor.enqueue(sleeper, "name").wait()
            #expect(execution.status == .timedOut)
            #expect(execution.error == .timedOut)
            let late = try await executor.wakeUp(sleeper, "name", with: 1)
            #expect(late?.status == .timedOut)
        }
    }

    @Test("A cancelled sleeper stays so; who wakes it up is told")
    func cancelled() async throws {
        try await withRunningExecutor { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60), output: Int.self)
            let handle = try await executor.enqueue(sleeper, "name")
            try await handle.cancel()
            let woken = try await executor.wakeUp(sleeper, "name", with: 1)
            #expect(woken?.status == .cancelled)
            let execution = try await handle.wait()
            #expect(execution.status == .cancelled)
        }
    }

    @Test("Only the first wake-up counts")
    func once() async throws {
        try await withRunningExecutor { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60), output: Int.self)
            _ = try await executor.enqueue(sleeper, "name")
            try await executor.wakeUp(sleeper, "name", with: 1)
            let second = try await executor.wakeUp(sleeper, "name", with: 2)
            #expect(second?.output == 1)
        }
    }

    @Test("A wake-up that comes too early is kept for its sleeper", arguments: Store.allCases)
    func early(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60), output: Int.self)
            let early = try await executor.wakeUp(sleeper, "name", with: 5)
            #expect(early == nil)
            let execution = try await executor.enqueue(sleeper, "name").wait()
            #expect(execution.output == 5)
        }
    }

    @Test("Where wake-ups are not kept, one that comes too early is refused")
    func notKept() async throws {
        var configuration = ExecutorConfiguration.quick
        configuration.wakeUpRetention = .zero
        try await withRunningExecutor(configuration: configuration) { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60), output: Int.self)
            await #expect(throws: RequestError.sleeperNotFound("name")) {
                try await executor.wakeUp(sleeper, "name", with: 5)
            }
        }
    }

    @Test("A task that does not sleep cannot be woken up, nor can another task's sleeper")
    func wrongTask() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let awake = try executor.task("awake", timeout: .seconds(5)) { (name: String) in name }
        await #expect(throws: RequestError.invalid("Task awake is not a sleeping task")) {
            try await executor.wakeUp(awake, "name", with: "up")
        }
        let one = try executor.sleepingTask("one", timeout: .seconds(60))
        let two = try executor.sleepingTask("two", timeout: .seconds(60))
        _ = try await executor.enqueue(one, "name")
        await #expect(throws: RequestError.sleeperOfAnotherTask("name", provided: "two", actual: "one")) {
            try await executor.wakeUp(two, "name")
        }
    }

    @Test("Names have 1 to 255 characters and are taken once")
    func names() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60))
        for (name, message) in [
            ("", "A non-empty unique id string is required for sleeping task [taskId=sleeper]"),
            (
                String(repeating: "x", count: 256),
                "The unique id string must be shorter than 256 characters for sleeping task "
                    + "[taskId=sleeper] [inputLength=256]"
            ),
        ] {
            await #expect(throws: RequestError.invalid(message)) { try await executor.enqueue(sleeper, name) }
            await #expect(throws: RequestError.self) { try await executor.wakeUp(sleeper, name) }
        }
        _ = try await executor.enqueue(sleeper, "name")
        await #expect(throws: RequestError.self) { try await executor.enqueue(sleeper, "name") }
    }

    @Test("Sleepers are members of a sequence: what one is woken up with names the next", arguments: Store.allCases)
    func sequence(_ store: Store) async throws {
        try await withRunningExecutor(on: store) { executor in
            let first = try executor.sleepingTask("first", timeout: .seconds(60), output: String.self)
            let second = try executor.sleepingTask("second", timeout: .seconds(60), output: Int.self)
            let sequence = try executor.sequentialTasks("sequence") {
                first
                second
            }
            let handle = try await executor.enqueue(sequence, "a")
            try await executor.wakeUp(first, "a", with: "b")
            try await executor.wakeUp(second, "b", with: 3)
            let execution = try await handle.wait()
            #expect(execution.output == 3)
        }
    }

    @Test("Sleepers are children of a parent", arguments: Store.allCases, [true, false])
    func child(_ store: Store, _ succeeds: Bool) async throws {
        try await withRunningExecutor(on: store) { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60), output: Int.self)
            let parent = try executor.parentTask("parent", timeout: .seconds(5)) { (name: String, _) in
                Spawn(children: [sleeper.child(name)])
            } finalize: { results in
                try results.outputs(of: sleeper)[0] * 2
            }
            let handle = try await executor.enqueue(parent, "name")
            if succeeds {
                try await executor.wakeUp(sleeper, "name", with: 21)
                let execution = try await handle.wait()
                #expect(execution.output == 42)
            } else {
                try await executor.wakeUp(sleeper, "name", failing: "test_error")
                let execution = try await handle.wait()
                #expect(execution.status == .finalizeFailed)
                #expect(execution.error?.message.hasSuffix("test_error") == true)
            }
        }
    }
}
