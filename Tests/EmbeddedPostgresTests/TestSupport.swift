import EmbeddedPostgres
import Logging
import Subprocess
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#endif

let quietly = Logger(label: "embedded-postgres-tests") { _ in SwiftLogNoOpLogHandler() }

/// A folder for the length of a test.
///
/// Everybody may pass through it: as root, another user runs the server.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = "/tmp/embedded-postgres-tests-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
        atPath: folder,
        withIntermediateDirectories: false,
        attributes: [.posixPermissions: 0o755]
    )
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// What `psql` prints for a statement: values without decoration.
func query(_ statement: String, at databaseURL: String) async throws -> String {
    let folder = try await PostgresBinaries.find().folder
    let result = try await run(
        .name("psql"),
        arguments: ["--no-psqlrc", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", databaseURL, "-c", statement],
        environment: .inherit.updating(["PATH": folder]),
        output: .string(limit: 65536),
        error: .string(limit: 65536)
    )
    try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    return result.standardOutput.split(separator: "\n").joined(separator: "\n")
}

/// Waits for something that happens in another process.
func eventually(within limit: Duration = .seconds(30), _ condition: () throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return try condition()
}

func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
}

/// Whether a process runs; one that has ended and waits to be reaped does not.
func isRunning(_ processID: Int32) -> Bool {
    #if os(Linux)
        guard let status = FileManager.default.contents(atPath: "/proc/\(processID)/stat") else { return false }
        return !String(decoding: status, as: UTF8.self).contains(") Z ")
    #else
        return kill(processID, 0) == 0 || errno == EPERM
    #endif
}
