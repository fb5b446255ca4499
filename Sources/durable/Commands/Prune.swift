import ArgumentParser
import DurableCore
import DurableServer
import DurableWire

/// The command `durable prune`.
struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Delete executions that finished long ago.",
        discussion: """
            Workers do this by themselves, see their --retain-days.

              durable prune --days 7
            """
    )

    @Option(
        help: ArgumentHelp("Delete what finished longer ago than this; fractions are allowed.", valueName: "number")
    )
    var days: Double

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Database") var database: DatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func validate() throws {
        guard (0...36_500).contains(days) else { throw ValidationError("--days must be from 0 to 36500.") }
    }

    func run() async throws {
        let deleted = try await DatabaseAccess.with(try databaseSettings(given(database, logging))) { service in
            var deleted = 0
            var cursor: ExecutionID?
            repeat {
                let pass = try await service.stores.storage.prune(
                    finishedForMs: days * 86_400_000,
                    from: cursor,
                    limit: 5000
                )
                deleted += pass.deleted
                cursor = pass.next
            } while cursor != nil
            return deleted
        }
        if json { printJSON([.init("deleted", .number(deleted))]) } else { print("Deleted \(deleted) executions.") }
    }
}
