import ArgumentParser
import DurableBench

/// The command `durable bench enqueue`.
struct BenchEnqueue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue",
        abstract: "Call enqueueTask over HTTP, beside inserts of single rows over as many connections.",
        discussion: """
            The front end is a process of its own; its clients are in this one. With --pgbench the rows are PostgreSQL's own \
            benchmark program's, whose command line shows the database's URL.

              durable bench enqueue
              durable bench enqueue --connections 32,64 --pgbench
            """
    )

    @Option(help: ArgumentHelp("How many connections, one number after the other.", valueName: "number,…"))
    var connections = IntegerList([1, 8, 32])

    @Option(help: ArgumentHelp("How long each figure is measured.", valueName: "seconds"))
    var measureSeconds = 2

    @Flag(help: "Have pgbench insert the rows; it is looked for where pg_config says.")
    var pgbench = false

    @OptionGroup var options: BenchOptions

    func validate() throws {
        for count in connections.values { try require(count, "--connections", in: 1...1000) }
        try require(measureSeconds, "--measure-seconds", in: 1...3600)
    }

    func run() async throws {
        try await options.run(
            EnqueueBenchmark(connections: connections.values, measure: measureSeconds, usesPgbench: pgbench)
        )
    }
}
