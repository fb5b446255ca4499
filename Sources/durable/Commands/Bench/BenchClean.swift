import ArgumentParser
import DurableBench
import DurableServer
import DurableWire

/// The command `durable bench clean`.
struct BenchClean: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clean",
        abstract: "Drop the schemas of benchmarks that were killed an hour ago or earlier.",
        discussion: """
              durable bench clean
            """
    )

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Database") var database: BenchDatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func run() async throws {
        let names = try await LeftOvers.drop(in: try databaseSettings(given(database, logging)))
        if json {
            printJSON([.init("dropped", .array(names.map { .string($0) }))])
        } else {
            print(names.isEmpty ? "There is nothing to drop." : "Dropped \(names.joined(separator: ", ")).")
        }
    }
}
