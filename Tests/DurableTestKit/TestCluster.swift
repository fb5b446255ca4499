package import EmbeddedPostgres
import Foundation
import Logging

/// The PostgreSQL that tests run against.
package enum TestCluster {
    /// The database URL of a cluster that all tests share; work in a schema of your own (``TestSchema``).
    ///
    /// It is `TEST_DATABASE_URL` where that is set, as `scripts/test` does; else a private cluster, started the first
    /// time somebody asks and stopped when the test process ends.
    package static var shared: String {
        get async throws {
            if let given = ProcessInfo.processInfo.environment["TEST_DATABASE_URL"], !given.isEmpty { return given }
            return try await privateServer.value.databaseURL
        }
    }

    /// The database URL of a pgbouncer in transaction mode before that cluster; `nil` where nobody has started one.
    ///
    /// It is `TEST_PGBOUNCER_URL`, as `scripts/test` sets it. Another name of a database leads to the same one, through
    /// sessions of its own.
    package static let pgbouncer: String? = {
        let given = ProcessInfo.processInfo.environment["TEST_PGBOUNCER_URL"]
        return given?.isEmpty == false ? given : nil
    }()

    /// Runs the body with a server of its own, for tests that stop, restart or kill it.
    package static func withOwn<Result: Sendable>(
        settings: [String: String] = [:],
        _ body: (PostgresServer) async throws -> Result
    ) async throws -> Result {
        try await cluster(settings: settings).withServer(body)
    }

    /// Nobody stops it: its caretaker does, and removes its folder, when this process ends.
    private static let privateServer = Task {
        try await cluster(settings: ["max_connections": "300"]).start()
    }

    private static func cluster(settings: [String: String]) throws -> PostgresCluster {
        var logger = Logger(label: "test-cluster")
        logger.logLevel = .warning
        return try .temporary(settings: settings, logger: logger)
    }
}
