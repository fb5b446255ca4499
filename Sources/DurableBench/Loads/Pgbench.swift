import DurableServer
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// PostgreSQL's own benchmark program.
enum Pgbench {
    /// Sends a statement again and again over so many connections.
    ///
    /// - Returns: Statements per second, and the mean latency in milliseconds.
    static func run(
        _ statement: String,
        on database: DatabaseSettings,
        connections: Int,
        seconds: Int
    ) async throws -> (rate: Double, latency: Double) {
        guard let folder = try await run(.name("pg_config"), ["--bindir"], input: "").split(separator: "\n").first
        else {
            throw BenchError("pg_config does not say where PostgreSQL's programs are")
        }
        let arguments = [
            "--no-vacuum", "--protocol=prepared", "--client=\(connections)", "--jobs=\(min(connections, 2))",
            "--time=\(seconds)", "--file=-",
        ]
        let output = try await run(
            .path(FilePath("\(folder)/pgbench")),
            arguments + [database.url].compactMap(\.self),
            input: statement
        )
        guard let rate = number(after: "tps = ", in: output),
            let latency = number(after: "latency average = ", in: output)
        else { throw BenchError("pgbench did not say how fast it was") }
        return (rate, latency)
    }

    private static func run(_ program: Executable, _ arguments: [String], input: String) async throws -> String {
        let result = try await Subprocess.run(
            program,
            arguments: Arguments(arguments),
            input: .string(input),
            output: .string(limit: 1 << 16),
            error: .string(limit: 1 << 16)
        )
        guard result.terminationStatus.isSuccess else {
            throw BenchError("\(program) failed: \(result.standardError)")
        }
        return result.standardOutput
    }

    private static func number(after name: String, in text: String) -> Double? {
        for line in text.split(separator: "\n") where line.hasPrefix(name) {
            return line.dropFirst(name.count).split(separator: " ").first.flatMap { Double($0) }
        }
        return nil
    }
}
