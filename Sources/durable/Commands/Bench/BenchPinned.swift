import ArgumentParser
import DurableBench

/// The command `durable bench pinned`.
struct BenchPinned: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pinned",
        abstract: "Store, lease and settle while another session holds a snapshot: takes twice --minutes at most.",
        discussion: """
            As long as the snapshot is held, PostgreSQL cannot clean up in any schema of the database, yours included. \
            --rounds and --seconds do not count: a round is an interval of ten seconds or less.

              durable bench pinned
              durable bench pinned --minutes 10
            """
    )

    @Option(help: ArgumentHelp("How long the snapshot is held; fractions are allowed.", valueName: "number"))
    var minutes = 1.0

    @Option(help: ArgumentHelp("How many executions are leased and settled at once.", valueName: "number"))
    var batch = 100

    @Option(help: ArgumentHelp("How many connections work.", valueName: "number"))
    var workers = 2

    @OptionGroup var options: BenchOptions

    func validate() throws {
        guard (0.001...1440).contains(minutes) else { throw ValidationError("--minutes must be from 0.001 to 1440.") }
        try require(batch, "--batch", in: 1...100_000)
        try require(workers, "--workers", in: 1...100)
    }

    func run() async throws {
        try await options.run(PinnedBenchmark(minutes: minutes, batch: batch, workers: workers), isTimeLimited: false)
    }
}
