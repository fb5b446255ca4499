import DurableCore
import DurablePostgres
import DurableTestKit
import LibPQ
import Subprocess
import Testing

@Suite("Command line, bench", .timeLimit(.minutes(5)))
struct BenchTests {
    /// A benchmark at its smallest, and what it promises to tell.
    struct Run: Sendable, CustomTestStringConvertible {
        let arguments: [String]
        /// By the name of the case.
        let figures: [String: Set<String>]
        var ratios: [String] = []

        var testDescription: String { arguments[0] }
    }

    private static let costs: Set<String> = ["benchCPUMicros", "walBytes", "writeTransactions"]
    private static let latencies: Set<String> = ["p50Ms", "p90Ms", "p99Ms", "maxMs"]

    static let runs = [
        Run(
            arguments: ["storage", "--executions", "25", "--batch", "10"],
            figures: [
                "insert": costs.union(["executionsPerSecond", "statements"]),
                "drain": costs.union(["executionsPerSecond", "statements"]),
                "insert + drain": costs.union(["statements"]),
            ]
        ),
        Run(
            arguments: ["enqueue", "--connections", "2", "--measure-seconds", "1"],
            figures: [
                "enqueueTask, 2 connections": costs.union(latencies).union(["insertsPerSecond", "refused"]),
                "rows, 2 connections": costs.union(latencies).union(["insertsPerSecond"]),
            ],
            ratios: ["enqueueTask ÷ rows, 2 connections"]
        ),
        Run(
            arguments: ["http", "--executions", "20", "--workers", "1,2", "--procedure-ms", "5", "--concurrency", "5"],
            figures: [
                "drain, 1 worker": costs.union(["executionsPerSecond", "executionsPerSecondWall"]),
                "drain, 2 workers": costs.union(["executionsPerSecond", "executionsPerSecondWall"]),
            ],
            ratios: ["executions/s: drain, 2 workers ÷ drain, 1 worker"]
        ),
        Run(
            arguments: ["latency", "--executions", "3", "--pause-ms", "0", "--idle-seconds", "1"],
            figures: [
                "idle service": costs.union(["answeredP50Ms", "startedP99Ms", "completedMaxMs"]),
                "doing nothing": ["transactionsPerSecond"],
            ]
        ),
        Run(
            arguments: ["fanout", "--children", "20"],
            figures: [
                "plain": costs.union(["executionsPerSecond", "elapsedMicros"]),
                "children": costs.union(["executionsPerSecond", "elapsedMicros", "finalizesPerParent"]),
            ],
            ratios: ["time per child ÷ plain execution"]
        ),
        Run(
            arguments: [
                "backlog", "--ready", "300", "--finished", "200", "--scheduled", "200", "--executions", "1000",
            ],
            figures: Dictionary(
                uniqueKeysWithValues: ["ready", "finished", "scheduled", "tasks", "priorities"].flatMap { name in
                    ["\(name): few", "\(name): many"].map {
                        ($0, ["executionsPerSecond", "walBytes", "writeTransactions"])
                    }
                }
            ),
            ratios: ["ready", "finished", "scheduled", "tasks", "priorities"].map { "\($0): many ÷ few" }
        ),
        Run(
            arguments: ["pinned", "--minutes", "0.01", "--batch", "10"],
            figures: [
                "clean": costs.union(["executionsPerSecond", "statements"]),
                "pinned": costs.union(["executionsPerSecond", "statements"]),
            ],
            ratios: ["pinned ÷ clean", "pinned, the last ÷ clean"]
        ),
    ]

    @Test("tells what it promises, leaves no schema behind and other data alone", arguments: runs)
    func figures(_ run: Run) async throws {
        try await Program.withDatabase { durable, fixture in
            let execution = NewExecution(taskID: "add1", input: Payload(json: "1"), options: Program.add1.options)
            _ = try await fixture.storage.insert([execution])
            let before = try await fixture.storage.list(ExecutionQuery())

            let arguments = ["bench"] + run.arguments + ["--rounds", "2", "--json", "--progress"]
            let result = try await durable.run(arguments)
            try #require(result.exitCode == 0, "\(result.errors)")
            let report = try result.json()
            #expect(report["benchmark"] as? String == run.arguments[0])
            #expect((report["server"] as? [String: Any])?["version"] as? String != nil)

            let cases = try #require(report["cases"] as? [[String: Any]])
            #expect(Set(cases.compactMap { $0["name"] as? String }) == Set(run.figures.keys))
            for tested in cases {
                let name = try #require(tested["name"] as? String)
                let rounds = try #require(tested["rounds"] as? [[String: Double]])
                #expect(!rounds.isEmpty, "\(name)")
                for sample in rounds + [try #require(tested["median"] as? [String: Double])] {
                    #expect(run.figures[name]?.subtracting(sample.keys) == [], "\(name)")
                }
            }
            let ratios = try #require(report["ratios"] as? [[String: Any]])
            #expect(Set(ratios.compactMap { $0["name"] as? String }).isSuperset(of: run.ratios))

            try await Self.expectDropped(result.errorLines, fixture)
            let after = try await fixture.storage.list(ExecutionQuery())
            #expect(after == before)
        }
    }

    @Test("a fan-out tells that there was one finalize execution for each parent")
    func finalizes() async throws {
        try await Program.withDatabase { durable, _ in
            let result = try await durable("bench", "fanout", "--children", "5", "--rounds", "1", "--json")
            let cases = try result.json()["cases"] as? [[String: Any]]
            let family = cases?.first { $0["name"] as? String == "children" }?["median"] as? [String: Double]
            #expect(family?["finalizesPerParent"] == 1)
        }
    }

    @Test("people are shown tables; nothing is said on the way unless asked for")
    func text() async throws {
        try await Program.withDatabase { durable, _ in
            let result = try await durable("bench", "storage", "--executions", "10", "--rounds", "1")
            #expect(result.exitCode == 0)
            #expect(!result.errors.contains("Round 1"))
            #expect(result.outputLines.first?.hasPrefix("storage: version ") == true)
            #expect(result.output.contains("\ndrain\n  executions/s "))
        }
    }

    @Test(
        "stopped by a signal it ends its processes and drops its schema",
        arguments: [Subprocess.Signal.interrupt, .terminate]
    )
    func interrupted(_ signal: Subprocess.Signal) async throws {
        try await Program.withDatabase { durable, fixture in
            let arguments = ["bench", "http", "--executions", "50", "--procedure-ms", "60000", "--progress"]
            // Its errors end when nobody is left who could write to them: the processes that it has started can.
            let (exitCode, lines) = try await durable.run(arguments, sending: signal, afterLine: "Warming up, draining")
            #expect(exitCode == 128 + signal.rawValue)
            try await Self.expectDropped(lines, fixture)
        }
    }

    @Test(
        "works through pgbouncer",
        .enabled(if: TestCluster.pgbouncer != nil, "TEST_PGBOUNCER_URL is not set")
    )
    func pooled() async throws {
        try await Program.withDatabase(through: .pgbouncer) { durable, fixture in
            let arguments = [
                "bench", "latency", "--executions", "2", "--idle-seconds", "0", "--rounds", "1", "--progress",
            ]
            let result = try await durable.run(arguments)
            #expect(result.exitCode == 0, "\(result.errors)")
            try await Self.expectDropped(result.errorLines, fixture)
        }
    }

    @Test("a process that a benchmark has started ends with it")
    func orphan() async throws {
        try await Program.with { durable in
            // The end of its input is the end of whoever started it.
            let result = try await durable("bench-child", "bench-echo", "0", "0")
            #expect(result.exitCode == 1)
        }
    }

    @Test("schemas of killed benchmarks are mentioned and dropped once they are an hour old")
    func leftOvers() async throws {
        try await Program.withDatabase { durable, fixture in
            let digits = fixture.schema.suffix(8)
            let old = "durable_bench_00000001\(digits)"
            // From 2106: never old enough.
            let recent = "durable_bench_ffffffff\(digits)"
            let foreign = "durable_bench_of_somebody_\(digits)"
            for schema in [old, recent, foreign] { try await fixture.execute("create schema \(schema)") }

            let run = try await durable("bench", "storage", "--executions", "10", "--rounds", "1")
            #expect(run.exitCode == 0)
            #expect(run.errors.contains(old))
            #expect(run.errors.contains("durable bench clean"))
            #expect(!run.errors.contains(recent) && !run.errors.contains(foreign))

            let cleaned = try await durable("bench", "clean")
            #expect(cleaned.exitCode == 0)
            #expect(cleaned.output.contains(old))
            var left: [String] = []
            for schema in [old, recent, foreign] where try await Self.exists(schema, fixture) { left.append(schema) }
            #expect(left == [recent, foreign])
            for schema in left { try await fixture.execute("drop schema \(schema)") }
        }
    }

    @Test("a database that is not there is a failure with a reason")
    func unreachable() async throws {
        try await Program.with { durable in
            let url = "postgresql://me:s3cret@127.0.0.1:1/x"
            let result = try await durable("bench", "storage", "--database-url", url)
            #expect(result.exitCode == 1)
            #expect(result.errors.contains("cannot connect to PostgreSQL"))
            #expect(!result.errors.contains("s3cret"))
        }
    }

    @Test(
        "options out of range are refused before anything is done",
        arguments: [
            ["storage", "--batch", "0"], ["http", "--workers", "0"], ["enqueue", "--connections", "8,x"],
            ["backlog", "--only", "ready,everything"], ["pinned", "--minutes", "0"], ["fanout", "--rounds", "0"],
        ]
    )
    func options(arguments: [String]) async throws {
        try await Program.with { durable in
            let result = try await durable.run(["bench"] + arguments)
            #expect(result.exitCode == 64)
            #expect(result.errors.contains(arguments[1]))
        }
    }

    // MARK: what is left

    /// Every schema that the run says it dropped is gone, and it says so of one at least.
    private static func expectDropped(_ lines: [String], _ fixture: PostgresFixture) async throws {
        let announcement = "Dropping the schema "
        let schemas = lines.filter { $0.hasPrefix(announcement) }.map { String($0.dropFirst(announcement.count)) }
        #expect(!schemas.isEmpty)
        for schema in schemas {
            let exists = try await exists(schema, fixture)
            #expect(!exists, "\(schema)")
        }
    }

    private static func exists(_ schema: String, _ fixture: PostgresFixture) async throws -> Bool {
        try await fixture.pool.withConnection { connection throws(DatabaseError) in
            try connection.query("select exists (select from pg_namespace where nspname = \(schema))").only().bool(0)
        }
    }
}
