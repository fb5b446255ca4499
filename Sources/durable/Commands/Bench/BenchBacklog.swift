import ArgumentParser
import DurableBench

/// The command `durable bench backlog`.
struct BenchBacklog: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backlog",
        abstract: "Lease and settle with much else in the tables, by the same with little: takes minutes.",
        discussion: """
            Fills a schema first, with --ready, --finished or --scheduled executions, which takes from seconds to some \
            minutes for each comparison and, at the default sizes, about 5 GB of disk at a time.

              durable bench backlog
              durable bench backlog --only ready,tasks --ready 100000
            """
    )

    @Option(
        help: ArgumentHelp(
            "Which comparisons: ready, finished, scheduled, tasks (3 of 200 are served), priorities; default: all.",
            valueName: "name,…"
        )
    )
    var only: String?

    @Option(help: ArgumentHelp("How many executions are ready, by 1,000.", valueName: "number"))
    var ready = 1_000_000

    @Option(help: ArgumentHelp("How many finished executions are kept, by none.", valueName: "number"))
    var finished = 5_000_000

    @Option(help: ArgumentHelp("How many executions are scheduled for next week, by none.", valueName: "number"))
    var scheduled = 1_000_000

    @Option(help: ArgumentHelp("How many executions a round takes.", valueName: "number"))
    var executions = 20_000

    @Option(help: ArgumentHelp("How many executions are leased and settled at once.", valueName: "number"))
    var batch = 100

    @Option(help: ArgumentHelp("How many connections lease and settle.", valueName: "number"))
    var workers = 2

    @OptionGroup var options: BenchOptions

    private var names: [Substring]? { only?.split(separator: ",") }
    private var comparisons: [BacklogBenchmark.Comparison] {
        names?.compactMap { BacklogBenchmark.Comparison(rawValue: String($0)) } ?? BacklogBenchmark.Comparison.allCases
    }

    func validate() throws {
        guard !comparisons.isEmpty, comparisons.count == names?.count ?? comparisons.count else {
            let all = BacklogBenchmark.Comparison.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--only must name some of \(all), with commas between.")
        }
        try require(ready, "--ready", in: 10...100_000_000)
        try require(finished, "--finished", in: 1...100_000_000)
        try require(scheduled, "--scheduled", in: 1...100_000_000)
        try require(executions, "--executions", in: 1...100_000_000)
        try require(batch, "--batch", in: 1...1000)
        try require(workers, "--workers", in: 1...100)
    }

    func run() async throws {
        let benchmark = BacklogBenchmark(
            comparisons: comparisons,
            sizes: BacklogBenchmark.Sizes(ready: ready, finished: finished, scheduled: scheduled),
            executions: executions,
            batch: batch,
            workers: workers
        )
        try await options.run(benchmark, isTimeLimited: false)
    }
}
