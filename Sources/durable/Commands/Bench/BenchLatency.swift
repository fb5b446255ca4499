import ArgumentParser
import DurableBench

/// The command `durable bench latency`.
struct BenchLatency: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Send one execution at a time through an idle service, and see how soon it starts and completes.",
        discussion: """
            The front end and the worker are processes of their own; the client and the procedure are in this one.

              durable bench latency
              durable bench latency --executions 1000 --pause-ms 0
            """
    )

    @Option(help: ArgumentHelp("How many executions a round takes.", valueName: "number"))
    var executions = 300

    @Option(help: ArgumentHelp("How long nothing happens between two of them.", valueName: "milliseconds"))
    var pauseMs = 10

    @Option(help: ArgumentHelp("How long it is then watched doing nothing; 0 is not at all.", valueName: "seconds"))
    var idleSeconds = 10

    @OptionGroup var options: BenchOptions

    func validate() throws {
        try require(executions, "--executions", in: 1...1_000_000)
        try require(pauseMs, "--pause-ms", in: 0...60_000)
        try require(idleSeconds, "--idle-seconds", in: 0...3600)
    }

    func run() async throws {
        try await options.run(LatencyBenchmark(executions: executions, pauseMs: pauseMs, idleSeconds: idleSeconds))
    }
}
