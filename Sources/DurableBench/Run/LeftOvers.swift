package import DurableServer
import LibPQ
import Logging

/// Schemas of benchmarks that were killed before they could drop them.
package enum LeftOvers {
    /// Their names; nobody uses them, and they are an hour old or older.
    package static func names(in database: DatabaseSettings) async throws -> [String] {
        try await with(database) { try await BenchSchema.leftOver($0) }
    }

    /// Drops them and returns their names.
    package static func drop(in database: DatabaseSettings) async throws -> [String] {
        try await with(database) { pool in
            let names = try await BenchSchema.leftOver(pool)
            for name in names { try await BenchSchema.drop(name, pool) }
            return names
        }
    }

    private static func with<Value: Sendable>(
        _ database: DatabaseSettings,
        _ body: (ConnectionPool) async throws -> Value
    ) async throws -> Value {
        let configuration = database.configuration(poolSize: 1)
        return try await ConnectionPool.withPool(configuration, logger: Logger(label: "durable.bench"), body)
    }
}
