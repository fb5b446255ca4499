import Subprocess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// An installed PostgreSQL: the folder of its programs, and its major version.
package struct PostgresBinaries: Sendable, Hashable {
    /// The folder that holds `initdb`, `postgres` and `pg_ctl`.
    package let folder: String
    /// 15 for PostgreSQL 15.18.
    package let majorVersion: Int

    private static let needed = ["initdb", "postgres", "pg_ctl"]

    /// Finds an installation: `PG_BIN` if it is set, else what `pg_config` says, else the usual places, newest first.
    ///
    /// With a major version (that of an existing data folder), only an installation of that version will do.
    package static func find(
        majorVersion: Int? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> PostgresBinaries {
        if let folder = environment["PG_BIN"], !folder.isEmpty {
            guard let binaries = await inspect(folder) else {
                throw EmbeddedPostgresError.unusableBinaries(
                    folder: folder,
                    reason: "it does not hold \(needed.joined(separator: ", "))"
                )
            }
            guard majorVersion == nil || majorVersion == binaries.majorVersion else {
                throw EmbeddedPostgresError.unusableBinaries(
                    folder: folder,
                    reason: "it is version \(binaries.majorVersion), the data folder needs \(majorVersion ?? 0)"
                )
            }
            return binaries
        }
        var searched: [String] = []
        for folder in await candidates(environment: environment) where !searched.contains(folder) {
            searched.append(folder)
            guard let binaries = await inspect(folder) else { continue }
            if majorVersion == nil || majorVersion == binaries.majorVersion { return binaries }
        }
        throw EmbeddedPostgresError.binariesNotFound(searched: searched, majorVersion: majorVersion)
    }

    private static func candidates(environment: [String: String]) async -> [String] {
        var folders: [String] = []
        if let configured = await output(of: .name("pg_config"), ["--bindir"]) { folders.append(configured) }
        // Debian, Homebrew on ARM and on Intel, Red Hat.
        folders += versions(in: "/usr/lib/postgresql", prefix: "")
        folders += versions(in: "/opt/homebrew/opt", prefix: "postgresql@")
        folders += versions(in: "/usr/local/opt", prefix: "postgresql@")
        folders += versions(in: "/usr", prefix: "pgsql-")
        folders += (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return folders
    }

    /// `parent/<prefix><number>/bin` for every number there is, the highest first.
    private static func versions(in parent: String, prefix: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        return
            names
            .filter { $0.hasPrefix(prefix) }
            .compactMap { Int($0.dropFirst(prefix.count)) }
            .sorted(by: >)
            .map { "\(parent)/\(prefix)\($0)/bin" }
    }

    private static func inspect(_ folder: String) async -> PostgresBinaries? {
        guard needed.allSatisfy({ Platform.isExecutable("\(folder)/\($0)") }),
            // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"
            let version = await output(of: .name("postgres"), ["--version"], path: folder),
            let number = version.split(separator: " ").dropFirst(2).first,
            let majorVersion = Int(number.prefix { $0.isNumber })
        else { return nil }
        return PostgresBinaries(folder: folder, majorVersion: majorVersion)
    }

    private static func output(of program: Executable, _ arguments: [String], path: String? = nil) async -> String? {
        var environment = Environment.inherit
        if let path { environment = environment.updating(["PATH": path]) }
        let result = try? await run(
            program,
            arguments: Arguments(arguments),
            environment: environment,
            output: .string(limit: 4096)
        )
        guard let result, result.terminationStatus.isSuccess else { return nil }
        return result.standardOutput.trimmingWhitespace()
    }
}
