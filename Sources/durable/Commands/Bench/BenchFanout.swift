import ArgumentParser
import DurableBench

/// The command `durable bench fanout`.
struct BenchFanout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout",
        abstract: "Run a parent with many children, beside as many plain executions.",
        discussion: """
            The worker and the procedures are processes of their own.

              durable bench fanout
              durable bench fanout --children 1000 --rounds 10
            """
    )

    @Option(help: ArgumentHelp("How many children the parent has.", valueName: "number"))
    var children = 10_000

    @Option(help: ArgumentHelp("How many attempts the worker makes at once.", valueName: "number"))
    var concurrency = 500

    @OptionGroup var options: BenchOptions

    func validate() throws {
        try require(children, "--children", in: 1...10_000)
        try require(concurrency, "--concurrency", in: 1...10_000)
    }

    func run() async throws {
        try await options.run(FanoutBenchmark(children: children, concurrency: concurrency))
    }
}
