import ArgumentParser
import DurableBench

/// The command `durable bench http`.
struct BenchHTTP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "http",
        abstract: "Have workers call procedures over HTTP until everything that is due is done.",
        discussion: """
            Workers and the procedures are processes of their own.

              durable bench http
              durable bench http --workers 1,4 --procedure-ms 50 --concurrency 20 --executions 2000
            """
    )

    @Option(help: ArgumentHelp("How many executions are done, one number after the other.", valueName: "number,…"))
    var executions = IntegerList([20_000])

    @Option(help: ArgumentHelp("How many workers do them, one number after the other.", valueName: "number,…"))
    var workers = IntegerList([1])

    @Option(help: ArgumentHelp("How many attempts each worker makes at once.", valueName: "number"))
    var concurrency = 500

    @Option(help: ArgumentHelp("How long a procedure takes.", valueName: "milliseconds"))
    var procedureMs = 0

    @OptionGroup var options: BenchOptions

    func validate() throws {
        for count in executions.values { try require(count, "--executions", in: 1...10_000_000) }
        for count in workers.values { try require(count, "--workers", in: 1...100) }
        try require(concurrency, "--concurrency", in: 1...10_000)
        try require(procedureMs, "--procedure-ms", in: 0...60_000)
    }

    func run() async throws {
        try await options.run(
            HTTPBenchmark(
                executions: executions.values,
                workers: workers.values,
                concurrency: concurrency,
                procedureMs: procedureMs
            )
        )
    }
}
