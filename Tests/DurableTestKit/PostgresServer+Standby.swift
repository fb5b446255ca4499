package import EmbeddedPostgres
import Foundation
import LibPQ
import Logging

extension PostgresServer {
    /// Makes the server refuse writes in every session that there is or will be, or accept them again.
    package nonisolated func setReadOnly(_ isReadOnly: Bool) async throws {
        let value = isReadOnly ? "on" : "off"
        _ = try await ask("alter system set default_transaction_read_only = \(value)")
        _ = try await ask("select pg_reload_conf()::text")
        while try await ask("show default_transaction_read_only") != value {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Restarts the server as a hot standby, which only reads until it is promoted.
    package nonisolated func demote() async throws {
        let folder = try await ask("show data_directory")
        await stop()
        try Data().write(to: URL(filePath: folder).appending(path: "standby.signal"))
        try await start()
    }

    /// Restarts the server as a hot standby of another one, with what that one has; neither loses a commit from then on.
    package nonisolated func follow(_ primary: PostgresServer) async throws {
        let folder = try await ask("show data_directory")
        let source = try await primary.ask("show data_directory")
        await stop()
        await primary.stop()
        let script = #"rm -rf "$1" && cp -a "$0" "$1" && touch "$1/standby.signal""#
        let exitCode: Int32 = try await withCheckedThrowingContinuation { continuation in
            do {
                _ = try Process.run(URL(filePath: "/bin/sh"), arguments: ["-c", script, source, folder]) { copying in
                    continuation.resume(returning: copying.terminationStatus)
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
        guard exitCode == 0 else { throw CopyFailed(source: source, target: folder) }
        let settings = try FileHandle(forWritingTo: URL(filePath: folder).appending(path: "postgresql.auto.conf"))
        try settings.seekToEnd()
        try settings.write(
            contentsOf: Data("primary_conninfo = 'host=127.0.0.1 port=\(primary.port) user=postgres'\n".utf8)
        )
        try settings.close()
        try await primary.start()
        try await start()
        _ = try await primary.ask("alter system set synchronous_standby_names = '*'")
        _ = try await primary.ask("select pg_reload_conf()::text")
        while try await primary.ask("select coalesce(max(sync_state), '') from pg_stat_replication") != "sync" {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Makes a hot standby the primary.
    package nonisolated func promote() async throws {
        _ = try await ask("select pg_promote()::text")
    }

    /// Runs a statement, whether the server takes writes or not, and returns the first text that it answers with.
    private nonisolated func ask(_ statement: String) async throws -> String {
        let configuration = DatabaseConfiguration(
            url: databaseURL + "&target_session_attrs=any",
            poolSize: 1,
            acquireTimeout: .seconds(20)
        )
        return try await ConnectionPool.withPool(configuration, logger: Logger(label: "test")) { pool in
            try await pool.withConnection { connection throws(DatabaseError) in
                for row in try connection.query(SQL(unescaped: statement)) { return try row.string(0) }
                return ""
            }
        }
    }
}

private struct CopyFailed: Error {
    let source: String
    let target: String
}
