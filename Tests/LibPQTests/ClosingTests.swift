import DurableTestKit
import EmbeddedPostgres
import Foundation
import LibPQ
import Logging
import Synchronization
import Testing

@Suite("Closing while a connection is being opened", .timeLimit(.minutes(2)))
struct ClosingTests {
    /// Runs the body with a pool that opens a connection for nobody, at a server that takes no more connections until it
    /// is sent SIGCONT.
    private func withStuckPool(
        closeGrace: Duration,
        _ body: (ConnectionPool, _ server: Int32) async throws -> Void
    ) async throws {
        try await TestCluster.withOwn { server in
            let configuration = DatabaseConfiguration(
                url: server.databaseURL,
                poolSize: 2,
                connectTimeout: .seconds(60),
                acquireTimeout: .seconds(60),
                closeGrace: closeGrace
            )
            let pool = ConnectionPool(configuration, logger: Logger(label: "test"))
            let processID = try #require(await server.processID)
            let gate = Gate()
            async let first: Void = pool.withConnection { _ throws(DatabaseError) in gate.wait() }
            try await eventually { pool.usage.outstanding == 1 }
            kill(processID, SIGSTOP)
            defer { kill(processID, SIGCONT) }
            async let second: Void = pool.withConnection { _ throws(DatabaseError) in }
            try await eventually { pool.usage.waiting == 1 }
            // The second caller is served by the first one's connection.
            gate.open()
            _ = try await (first, second)
            try await body(pool, processID)
        }
    }

    @Test("waits for it: no thread is in libpq any more when the pool is closed, so that the process may exit")
    func waits() async throws {
        try await withStuckPool(closeGrace: .seconds(60)) { pool, server in
            let isLetGo = Atomic(false)
            async let wasLetGo = {
                await pool.close()
                return isLetGo.load(ordering: .sequentiallyConsistent)
            }()
            try await eventually { pool.usage.connected == 0 }
            isLetGo.store(true, ordering: .sequentiallyConsistent)
            kill(server, SIGCONT)
            #expect(await wasLetGo)
        }
    }

    @Test("does not wait for ever: a server may not answer")
    func givesUp() async throws {
        try await withStuckPool(closeGrace: .milliseconds(100)) { pool, _ in
            await pool.close()
            #expect(pool.usage.connected == 0)
        }
    }
}
