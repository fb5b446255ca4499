import ArgumentParser

/// The command `durable bench`.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how fast the service is on this machine and database.",
        discussion: """
            Works in a schema of its own (durable_bench_…), which it drops when it ends, on Ctrl-C too; no other data are \
            touched. It does load the server and this machine, and what else goes on there shows in the figures: measure in \
            rounds, compare figures of one run.

              durable bench storage
              durable bench http --workers 1,4 --procedure-ms 50 --concurrency 20 --executions 2000
              durable bench latency --embedded
              durable bench clean

            What each measures, and how to read it: Benchmarks/README.md. The database is that of --database-url \
            [DATABASE_URL].
            """,
        subcommands: [
            BenchStorage.self, BenchEnqueue.self, BenchHTTP.self, BenchLatency.self, BenchFanout.self,
            BenchBacklog.self,
            BenchPinned.self, BenchClean.self,
        ]
    )
}
