import ArgumentParser
import DurableCore
import DurableServer
import DurableWire

/// The command `durable enqueue`.
struct Enqueue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Enqueue an execution of a task and print its id.",
        discussion: """
            Asks the front end at --url, or else the database. With --wait the execution's record is printed once it has \
            finished; the exit status is then 1 unless it completed.

              durable enqueue add2 '{"a": 1, "b": 2}'
              durable enqueue add2 '{"a": 1, "b": 2}' --wait
              durable enqueue report - < input.json
              durable enqueue mail '{}' --idempotency-key order-17 --options '{"sleepMsBeforeRun": 60000}'
              durable enqueue mail '{}' --priority 10 --expires-in 15min
            """
    )

    @Argument(help: "The id of the task.")
    var task: String

    @Argument(help: "The input as JSON; \"-\" reads it from standard input. Without it there is no input.")
    var input: String?

    @Option(
        help: ArgumentHelp(
            "What replaces the task's options: timeoutMs, sleepMsBeforeRun, retryOptions, and what has its own flag.",
            valueName: "json"
        )
    )
    var options: String?

    @Option(
        help: ArgumentHelp(
            "Enqueue once: with a key that was used before, the id of the first execution is printed.",
            valueName: "key"
        )
    )
    var idempotencyKey: String?

    @Option(
        help: ArgumentHelp(
            "Run it before executions of lower priority, -100 to 100; default: 0.",
            valueName: "number"
        )
    )
    var priority: Int?

    @Option(
        help: ArgumentHelp(
            "Time it out unless it has finished by then, retries and children included: 90s, 15min, 2h, 1d.",
            valueName: "time"
        )
    )
    var expiresIn: TimeSpan?

    @Flag(help: "Wait until the execution has finished and print its record.")
    var wait = false

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var service: ServiceOptions

    func run() async throws {
        let input = try input.map { try Payload(argument: $0, naming: "input") } ?? .undefined
        let options = try enqueueOptions()
        let record = try await service.ask { service in
            let id = try await service.enqueue(TaskID(task), input, options)
            if wait {
                // Were the wait to fail, this would be all there is to find the execution by.
                complain("Enqueued \(id)")
                return try await service.finished(id, task: TaskID(task)) as ExecutionRecord?
            }
            if json { printJSON([.init("executionId", .string(id))]) } else { print(id) }
            return nil
        }
        guard let record else { return }
        try RecordText(record: record).print(asJSON: json)
        if record.status != .completed { throw ExitCode.failure }
    }

    private func enqueueOptions() throws -> EnqueueOptions {
        do {
            let json = try options.map { try JSON(parsing: Array($0.utf8)) }
            if let json {
                guard case .object = json else { throw InvalidTask("expected an object") }
            }
            var options = try EnqueueOptions(json, for: TaskID(task))
            options.idempotencyKey = idempotencyKey ?? options.idempotencyKey
            options.priority = priority ?? options.priority
            options.expiresInMs = expiresIn.map(\.wholeMilliseconds) ?? options.expiresInMs
            try options.validate(for: TaskID(task))
            return options
        } catch {
            throw ValidationError("The options cannot be used: \(error)")
        }
    }
}
