import Foundation
import Synchronization
import Testing

/// A real process: of `durable`, where no other program is named.
final class DurableProcess: Sendable {
    /// The built program: `DURABLE_BINARY` where that is set, else the one beside the test bundle.
    static var binary: URL {
        if let path = ProcessInfo.processInfo.environment["DURABLE_BINARY"] { return URL(filePath: path) }
        return URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "durable")
    }

    let processID: Int32
    private let exit: AsyncStream<Int32>
    private let log: URL
    private let status = Mutex<Int32?>(nil)

    /// Starts the program; its output goes to a file that ``output`` reads.
    init(_ arguments: [String], of program: URL = DurableProcess.binary, environment: [String: String] = [:]) throws {
        log = FileManager.default.temporaryDirectory.appending(path: "durable-\(UUID().uuidString).log")
        _ = FileManager.default.createFile(atPath: log.path(), contents: nil)
        let output = try FileHandle(forWritingTo: log)
        let (exit, continuation) = AsyncStream<Int32>.makeStream()
        self.exit = exit

        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": NSTemporaryDirectory()].merging(environment) { $1 }
        process.currentDirectoryURL = FileManager.default.temporaryDirectory
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        process.terminationHandler = { process in
            // Killed by a signal is told apart from exiting with its number.
            continuation.yield(
                process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
            )
            continuation.finish()
        }
        try process.run()
        processID = process.processIdentifier
    }

    /// Everything that it has written.
    var output: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    func signal(_ signal: Int32) {
        guard status.withLock({ $0 == nil }) else { return }
        kill(processID, signal)
    }

    /// The exit code once it has ended; the negative signal number when a signal ended it.
    func exitCode() async -> Int32 {
        if let known = status.withLock({ $0 }) { return known }
        var code: Int32 = 0
        for await status in exit { code = status }
        status.withLock { $0 = code }
        return code
    }

    /// Asks it to stop, and returns its exit code.
    func stop() async -> Int32 {
        signal(SIGTERM)
        return await exitCode()
    }

    /// Ends it whatever it does, and removes its output.
    func end() async {
        signal(SIGCONT)
        signal(SIGKILL)
        _ = await exitCode()
        try? FileManager.default.removeItem(at: log)
    }

    /// Runs the program to its end.
    static func run(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> (exitCode: Int32, output: String) {
        let process = try DurableProcess(arguments, environment: environment)
        let code = await process.exitCode()
        let output = process.output
        await process.end()
        return (code, output)
    }
}

/// Waits until a condition holds, looking again every few milliseconds; fails the test after the limit.
func eventually(
    _ what: Comment,
    within limit: Duration = .seconds(40),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while try await !condition() {
        try #require(clock.now < end, what, sourceLocation: sourceLocation)
        try await Task.sleep(for: .milliseconds(20))
    }
}
