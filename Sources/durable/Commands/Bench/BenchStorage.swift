import ArgumentParser
import DurableBench

/// The command `durable bench storage`.
struct BenchStorage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage",
        abstract: "Store executions, then lease and settle them: the database work alone, without HTTP.",
        discussion: """
              durable bench storage
              durable bench storage --batch 100 --workers 4 --json
            """
    )

    @Option(help: ArgumentHelp("How many executions a round takes.", valueName: "number"))
    var executions = 40_000

    @Option(help: ArgumentHelp("How many executions are leased and settled at once.", valueName: "number"))
    var batch = 1000

    @Option(help: ArgumentHelp("How many connections lease and settle.", valueName: "number"))
    var workers = 2

    @OptionGroup var options: BenchOptions

    func validate() throws {
        try require(executions, "--executions", in: 1...100_000_000)
        try require(batch, "--batch", in: 1...100_000)
        try require(workers, "--workers", in: 1...100)
    }

    func run() async throws {
        try await options.run(StorageBenchmark(executions: executions, batch: batch, workers: workers))
    }
}

/// Refuses a number that an option cannot have.
func require(_ number: Int, _ option: String, in range: ClosedRange<Int>) throws {
    guard range.contains(number) else {
        throw ValidationError("\(option) must be from \(range.lowerBound) to \(range.upperBound).")
    }
}
