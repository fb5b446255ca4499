import DurablePostgres
import DurableRPC
import LibPQ
import Logging
import ServiceLifecycle
import Synchronization

/// Holds work back until the database is there and its schema is the one that this program needs.
final class SchemaGate: Sendable {
    private let stores: Stores
    private let migrates: Bool
    private let logger: Logger
    private let hasPassed = Atomic(false)

    /// - Parameter migrates: Whether an old schema is brought up to date; else it is refused.
    init(_ stores: Stores, migrates: Bool, logger: Logger) {
        self.stores = stores
        self.migrates = migrates
        self.logger = logger
    }

    /// Waits for a database that is not there yet, saying so once, and looks at its schema.
    ///
    /// - Returns: Whether work may begin; `false` when a shutdown came first.
    /// - Throws: When waiting does not help: the schema is refused, or the database refuses us.
    func pass() async throws -> Bool {
        var pause = Duration.milliseconds(100)
        var hasWarned = false
        while !Task.isShuttingDownGracefully {
            do {
                if migrates { _ = try await stores.migrate() }
                try await stores.migrator.check()
                if hasWarned { logger.notice("The database is there") }
                hasPassed.store(true, ordering: .releasing)
                return true
            } catch let error as DatabaseError where error.isTransient {
                if !hasWarned { logger.warning("Waiting for the database", metadata: ["error": "\(error)"]) }
                hasWarned = true
            }
            await cancelWhenGracefulShutdown { [pause] in try? await Task.sleep(for: pause) }
            try Task.checkCancellation()
            pause = min(pause * 2, .seconds(1))
        }
        return false
    }

    /// Whether the database can be used now.
    func readiness() async -> Readiness {
        guard hasPassed.load(ordering: .acquiring) else {
            return .notReady(reason: "the database has not been there yet with a schema that suits")
        }
        do {
            try await stores.migrator.check()
            return .ready
        } catch is MigrationError {
            return .notReady(reason: "the schema is not the one that this program needs")
        } catch {
            return .notReady(reason: "the database cannot be reached")
        }
    }
}
