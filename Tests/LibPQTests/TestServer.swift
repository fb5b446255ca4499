import DurableTestKit
import LibPQ
import Logging
import Testing

/// Pools on the server that all tests share.
enum TestServer {
    static func configuration(
        poolSize: Int = 2,
        _ change: (inout DatabaseConfiguration) -> Void = { _ in }
    ) async throws -> DatabaseConfiguration {
        var configuration = DatabaseConfiguration(
            url: try await TestCluster.shared,
            poolSize: poolSize,
            acquireTimeout: .seconds(20)
        )
        change(&configuration)
        return configuration
    }

    /// Runs the body with a pool of its own.
    static func withPool<Value>(
        size: Int = 2,
        _ change: (inout DatabaseConfiguration) -> Void = { _ in },
        _ body: (ConnectionPool) async throws -> Value
    ) async throws -> Value {
        try await ConnectionPool.withPool(
            try await configuration(poolSize: size, change),
            logger: Logger(label: "test"),
            body
        )
    }

    /// Runs the body with a pool of one connection, on which a temporary table `t (n integer unique deferrable)` exists.
    static func withTable(_ body: (ConnectionPool) async throws -> Void) async throws {
        try await withPool(size: 1) { pool in
            try await pool.withConnection { (connection) throws(DatabaseError) in
                try connection.execute(
                    script: "create temporary table t (n integer unique deferrable initially deferred)"
                )
            }
            try await body(pool)
        }
    }
}

extension ConnectionPool {
    /// What is in the table of ``TestServer/withTable(_:)``.
    func numbers() async throws -> [Int] {
        try await withConnection { (connection) throws(DatabaseError) in
            try connection.query("select n from t order by n")
        }.map { row in try row.int(0) }
    }
}

/// Waits until a condition holds, looking again every few milliseconds; records an issue after the limit.
func eventually(
    within limit: Duration = .seconds(10),
    _ condition: () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("the condition did not come true within \(limit)", sourceLocation: sourceLocation)
}
