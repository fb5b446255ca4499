import ArgumentParser
import DurableBench
import DurableServer
import DurableWire
import EmbeddedPostgres
import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What every benchmark is told.
struct BenchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How often to measure; the medians count.", valueName: "number"))
    var rounds = 3

    @Option(help: ArgumentHelp("After how many seconds no further round begins.", valueName: "number"))
    var seconds = 45

    @Flag(help: "Print JSON, one object.")
    var json = false

    @Flag(
        inversion: .prefixedNo,
        help: "Tell on standard error what is being done; default: when that is a terminal."
    )
    var progress: Bool?

    @Flag(help: "Start a PostgreSQL of its own for the run, from the installed one, instead of using a database.")
    var embedded = false

    @OptionGroup(title: "Database") var database: BenchDatabaseOptions
    @OptionGroup(title: "Logging") var logging: LoggingOptions

    func validate() throws {
        guard (1...1000).contains(rounds) else { throw ValidationError("--rounds must be from 1 to 1000.") }
        guard seconds >= 1 else { throw ValidationError("--seconds must be at least 1.") }
    }

    /// Runs a benchmark and prints what it found.
    ///
    /// - Parameter isTimeLimited: Whether `seconds` counts.
    func run(_ benchmark: some Benchmark, isTimeLimited: Bool = true) async throws {
        let status = StatusLine(isOn: progress)
        let database = try databaseSettings(given(database, logging))
        let settings = BenchSettings(
            database: database,
            rounds: rounds,
            seconds: isTimeLimited ? seconds : .max,
            program: Self.program,
            environment: ProcessInfo.processInfo.environment,
            status: status
        )
        let isEmbedded = embedded
        do {
            let report = try await interruptible(status) {
                guard isEmbedded else {
                    await Self.mentionLeftOvers(in: database)
                    return try await benchmark.run(settings)
                }
                let cluster = try PostgresCluster.temporary(
                    settings: ["fsync": "on", "full_page_writes": "on"],
                    logger: Logger(label: "durable.bench")
                )
                return try await cluster.withServer { server in
                    var settings = settings
                    settings.database = DatabaseSettings(url: server.databaseURL)
                    return try await benchmark.run(settings)
                }
            }
            print(json ? String(decoding: report.json.encode(), as: UTF8.self) : report.text)
        } catch let interruption as Interrupted {
            throw ExitCode(128 + interruption.signal)
        }
    }

    private static func mentionLeftOvers(in database: DatabaseSettings) async {
        // What is wrong with the database, the benchmark itself will say.
        guard let names = try? await LeftOvers.names(in: database), !names.isEmpty else { return }
        complain(
            "There are schemas of benchmarks that were killed: \(names.joined(separator: ", ")). "
                + "\"durable bench clean\" drops them."
        )
    }

    /// This program.
    private static var program: String {
        let link = "/proc/self/exe"
        if let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link) { return path }
        return ProcessInfo.processInfo.arguments[0]
    }
}

/// The database whose server is measured.
struct BenchDatabaseOptions: ParsableArguments, SettingOptions {
    @Option(
        .databaseURL,
        "PostgreSQL, as postgresql://user:password@host:port/database; default: libpq's own variables",
        value: "url"
    )
    var databaseURL: String?

    @Flag(.pooled, "The database is reached through a pooler in transaction mode (pgbouncer)")
    var pooled: Bool?

    var flags: [Setting: String?] { [.databaseURL: databaseURL, .pooled: pooled.map { "\($0)" }] }
}
