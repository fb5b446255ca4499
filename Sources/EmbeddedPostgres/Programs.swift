import Subprocess

/// Runs PostgreSQL's programs as the right user, in an environment in which nothing of ours can surprise them.
struct Programs: Sendable {
    let binaries: PostgresBinaries
    let user: ServerUser

    /// How to launch a program: found in PostgreSQL's folder first, then where the system keeps its own.
    func configuration(of program: String, _ arguments: [String]) -> Configuration {
        Configuration(
            // Our working directory may be one that the user cannot enter.
            executable: .name("sh"),
            arguments: Arguments(["-c", #"cd / && exec "$0" "$@""#] + user.becoming + [program] + arguments),
            environment: .custom(["PATH": "\(binaries.folder):/usr/bin:/bin", "LC_ALL": "C"]),
            platformOptions: user.platformOptions
        )
    }

    /// Runs a program to its end and returns what it printed; throws when it fails.
    @discardableResult
    func run(_ program: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            configuration(of: program, arguments),
            output: .string(limit: 64 * 1024),
            error: .string(limit: 64 * 1024)
        )
        guard result.terminationStatus.isSuccess else {
            try Task.checkCancellation()
            let complaint = result.standardError.trimmingWhitespace()
            throw EmbeddedPostgresError.commandFailed(command: program, output: complaint)
        }
        return result.standardOutput.trimmingWhitespace()
    }
}

extension String {
    func trimmingWhitespace() -> String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
