import Foundation
import Subprocess

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// The built program `durable`, run in an empty folder with an environment of its own.
struct Program {
    /// What came of one run.
    struct Result {
        /// The negative signal number when a signal ended it.
        let exitCode: Int32
        let output: String
        let errors: String

        var outputLines: [String] { output.split(separator: "\n").map(String.init) }
        var errorLines: [String] { errors.split(separator: "\n").map(String.init) }

        /// A line of the output as a JSON object.
        func json(line: Int = 0) throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(outputLines[line].utf8))
            return value as? [String: Any] ?? [:]
        }
    }

    let folder: URL
    var environment: [String: String] = [:]

    /// Runs the body with a program in a folder that is removed afterwards.
    static func with(environment: [String: String] = [:], _ body: (Program) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "durable-cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(Program(folder: folder, environment: environment))
    }

    func write(_ text: String, to file: String) throws {
        try text.write(to: folder.appending(path: file), atomically: true, encoding: .utf8)
    }

    func callAsFunction(_ arguments: String..., input: String = "") async throws -> Result {
        try await run(arguments, input: input)
    }

    func run(_ arguments: [String], input: String = "") async throws -> Result {
        let result = try await Subprocess.run(
            configuration(arguments),
            input: .string(input),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return Result(
            exitCode: Self.exitCode(result.terminationStatus),
            output: result.standardOutput,
            errors: result.standardError
        )
    }

    /// Runs the program and sends it a signal once a line of its errors begins like that.
    ///
    /// - Returns: Its exit code and the lines of its errors, once it has ended and nobody else can write to them.
    func run(
        _ arguments: [String],
        sending signal: Signal,
        afterLine beginning: String
    ) async throws -> (exitCode: Int32, errorLines: [String]) {
        let result = try await Subprocess.run(
            configuration(arguments),
            input: .none,
            output: .discarded,
            error: .sequence
        ) { execution in
            var lines: [String] = []
            var isSent = false
            for try await line in execution.standardError.strings() {
                lines.append(line)
                guard !isSent, line.hasPrefix(beginning) else { continue }
                try execution.send(signal: signal)
                isSent = true
            }
            return lines
        }
        return (Self.exitCode(result.terminationStatus), result.closureResult)
    }

    private func configuration(_ arguments: [String]) -> Configuration {
        Configuration(
            executable: .path(FilePath(Self.binary)),
            arguments: Arguments(arguments),
            environment: .custom(
                Dictionary(
                    uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0.key), $0.value) }
                )
            ),
            workingDirectory: FilePath(folder.path())
        )
    }

    /// The exit code; the negative signal number when a signal ended it.
    private static func exitCode(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): -signal
        }
    }

    /// `DURABLE_BINARY` where that is set, else the program beside the test bundle.
    private static var binary: String {
        ProcessInfo.processInfo.environment["DURABLE_BINARY"]
            ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "durable").path()
    }
}
