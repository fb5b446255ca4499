#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A data folder of ours, and what is where in it.
///
/// PostgreSQL's own files are one level down: a half-made cluster never looks like a whole one, and the lock and the
/// log have a place beside it.
struct DataFolder: Sendable, Hashable {
    let path: String

    init(_ path: String) {
        let current = FileManager.default.currentDirectoryPath
        self.path = path.hasPrefix("/") ? path : "\(current)/\(path)"
    }

    var cluster: String { "\(path)/cluster" }
    var unfinishedCluster: String { "\(path)/cluster.unfinished" }
    var lock: String { "\(path)/lock" }
    var log: String { "\(path)/postgres.log" }

    var hasCluster: Bool { FileManager.default.fileExists(atPath: "\(cluster)/PG_VERSION") }

    /// The major version of PostgreSQL that made the cluster; nil when there is none yet.
    var majorVersion: Int? {
        contents(of: "\(cluster)/PG_VERSION").flatMap { Int($0.trimmingWhitespace()) }
    }

    /// Makes the folder unless it is there, and sees to it that the server's user can work in it.
    func prepare(for programs: Programs) async throws {
        let isNew = !FileManager.default.fileExists(atPath: path)
        if isNew { try Platform.makeFolder(path) }
        // Only a folder with nothing in it is ours to give away.
        if isNew || (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty == true {
            try programs.user.own(path)
        }
        let blocked = try await programs.run("sh", ["-c", Self.findObstacle, "sh", path])
        guard blocked.isEmpty else {
            throw EmbeddedPostgresError.folderNotAccessible(
                folder: path,
                blockedAt: blocked,
                user: programs.user.name
            )
        }
    }

    /// Prints the first folder on the way that cannot be entered, or the last one when it cannot be written.
    private static let findObstacle = """
        IFS=/; set -f; way=
        for name in $1; do
            [ -n "$name" ] || continue
            way=$way/$name
            [ -x "$way" ] || { echo "$way"; exit; }
        done
        [ -w "$1" ] || echo "$1"
        """

    /// Makes the cluster, all of it or nothing.
    func makeCluster(with programs: Programs, isDurable: Bool) async throws {
        try? FileManager.default.removeItem(atPath: unfinishedCluster)
        var arguments = ["-D", unfinishedCluster, "--username=postgres", "--auth=trust", "--encoding=UTF8"]
        arguments.append("--no-locale")
        if !isDurable { arguments.append("--no-sync") }
        try await programs.run("initdb", arguments)
        try await programs.run("mv", [unfinishedCluster, cluster])
    }

    /// The process that PostgreSQL's own lock file names, and whether it accepts connections.
    var server: (processID: Int32, isReady: Bool)? {
        guard
            let lines = contents(of: "\(cluster)/postmaster.pid")?.split(
                separator: "\n",
                omittingEmptySubsequences: false
            ),
            let processID = lines.first.flatMap({ Int32($0) })
        else { return nil }
        // A hot standby serves readers, and says so instead.
        let isReady = lines.count > 7 && (lines[7].hasPrefix("ready") || lines[7].hasPrefix("standby"))
        return (processID, isReady)
    }

    /// The end of the server's log.
    var logTail: String {
        (contents(of: log) ?? "").split(separator: "\n").suffix(8).joined(separator: "\n")
    }

    private func contents(of path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
