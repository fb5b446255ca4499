import DurableExecution
import Logging
import Testing

@Suite("Registering tasks and asking for executions")
struct RegistrationTests {
    private let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)

    private func register(
        _ id: TaskID,
        timeout: Duration = .seconds(1),
        retry: RetryOptions = .none,
        sleepBeforeRun: Duration = .zero
    ) throws(InvalidTask) {
        _ = try executor.task(id, timeout: timeout, retry: retry, sleepBeforeRun: sleepBeforeRun) {}
    }

    @Test("An id can be registered once")
    func duplicate() throws {
        try register("test")
        #expect(throws: InvalidTask("Task with given id already exists [taskId=test]")) { try register("test") }
    }

    @Test(
        "Ids have to be words",
        arguments: [
            ("", "Task id cannot be empty"),
            ("a-b", "Task id can only contain alphanumeric characters and underscores"),
            ("é", "Task id can only contain alphanumeric characters and underscores"),
            (String(repeating: "a", count: 256), "Task id cannot be longer than 255 characters [idLength=256]"),
        ]
    )
    func ids(_ id: String, _ message: String) {
        #expect(throws: InvalidTask(message)) { try register(TaskID(id)) }
    }

    @Test("Options out of range are refused at once, with the task's name")
    func options() throws {
        for timeout in [Duration.zero, .seconds(-1), .seconds(Int64.max)] {
            let error = #expect(throws: InvalidTask.self) { try register("test", timeout: timeout) }
            #expect(error?.message.hasPrefix("Invalid timeout value for task test: ") == true)
        }
        let retry = #expect(throws: InvalidTask.self) { try register("test", retry: .init(maxAttempts: -1)) }
        #expect(retry?.message.hasPrefix("Invalid retry options for task test: ") == true)
        let sleep = #expect(throws: InvalidTask.self) { try register("test", sleepBeforeRun: .seconds(-1)) }
        #expect(sleep?.message.hasPrefix("Invalid sleep ms before run for task test: ") == true)
        #expect(throws: Never.self) { try register("test") }
    }

    @Test("A part of a millisecond of a timeout counts as a whole one")
    func rounding() throws {
        let task = try executor.task("test", timeout: .microseconds(1)) {}
        #expect(task.options.timeoutMs == 1)
    }

    @Test("An execution that is not there, or is another task's, is refused")
    func unknownExecutions() async throws {
        let one = try executor.task("one", timeout: .seconds(1)) {}
        let two = try executor.task("two", timeout: .seconds(1)) {}
        let id = try await executor.enqueue(one).id
        let foreign = executor.handle(for: two, id)
        await #expect(throws: RequestError.executionOfAnotherTask(id, provided: "two", actual: "one")) {
            try await foreign.execution()
        }
        let missing = ExecutionID(bits: 1)
        await #expect(throws: RequestError.executionNotFound(missing.description)) {
            try await executor.handle(for: one, missing).wait()
        }
    }
}
