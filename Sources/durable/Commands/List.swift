import ArgumentParser
import DurableCore
import DurableServer
import DurableWire

/// The command `durable list`.
struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List executions, the newest first.",
        discussion: """
              durable list
              durable list --task add2 --status failed --status timed_out
              durable list --limit 1000 --json | jq -r .executionId
              durable list --before te_0192f3a0c1d27e3f8a4b5c6d7e8f9a0b
            """
    )

    @Option(help: ArgumentHelp("Only executions of this task.", valueName: "task"))
    var task: String?

    @Option(
        help: "Only executions of this status (\(statuses)); may be given several times.",
        transform: Self.status
    )
    var status: [ExecutionStatus] = []

    @Option(help: ArgumentHelp("How many at most.", valueName: "number"))
    var limit = 50

    @Option(
        help: ArgumentHelp("Only executions older than this one: the last of the page before.", valueName: "id"),
        transform: Self.id
    )
    var before: ExecutionID?

    @Flag(help: "Print JSON, one record a line.")
    var json = false

    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    private static let statuses = ExecutionStatus.allCases.map(\.rawValue).joined(separator: ", ")

    private static func status(_ text: String) throws -> ExecutionStatus {
        guard let status = ExecutionStatus(rawValue: text) else {
            throw ValidationError("There is no status \"\(text)\"; there are \(statuses).")
        }
        return status
    }

    private static func id(_ text: String) throws -> ExecutionID {
        guard let id = ExecutionID(text) else { throw ValidationError("\"\(text)\" is no execution id.") }
        return id
    }

    private static func status(of execution: Execution) -> String {
        switch execution.status {
        case .running where execution.kind == .sleeping: "running (asleep)"
        case .waitingForChildren: "\(execution.status.rawValue) (\(execution.activeChildren) left)"
        default: execution.status.rawValue
        }
    }

    /// What an execution is to its parent: `sum[3]`, `sum finalize`.
    private static func place(in family: Family) -> String {
        "\(family.parent.taskID)" + (family.isFinalize ? " finalize" : "[\(family.index)]")
    }

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000.") }
    }

    func run() async throws {
        let query = ExecutionQuery(
            taskID: task.map { TaskID($0) },
            statuses: Set(status),
            before: before,
            limit: limit
        )
        let executions = try await DatabaseAccess.with(try databaseSettings(given(database, logging))) { service in
            try await service.stores.storage.list(query)
        }
        if json {
            for execution in executions { print(try RecordText(record: ExecutionRecord(execution)).json()) }
            return
        }
        let now = Timestamp.now
        var table = Table(["EXECUTION", "TASK", "STATUS", "ATTEMPTS", "CREATED", "PART OF"])
        for execution in executions {
            table.add([
                "\(execution.id)", "\(execution.taskID)", Self.status(of: execution),
                execution.kind.isLeased ? "\(execution.attempt)" : "",
                execution.createdAt.relative(to: now), execution.family.map(Self.place) ?? "",
            ])
        }
        print(table.text)
        if executions.count == limit, let last = executions.last {
            print("There may be more: --before \(last.id)")
        }
    }
}
