import DurableTestKit
import EmbeddedPostgres
import Foundation
import LibPQ
import Logging
import Testing

@Suite("A server of their own", .timeLimit(.minutes(2)))
struct ServerRestartTests {
    private func withPool(
        _ server: PostgresServer,
        size: Int = 2,
        acquireTimeout: Duration = .seconds(20),
        _ body: (ConnectionPool) async throws -> Void
    ) async throws {
        let configuration = DatabaseConfiguration(
            url: server.databaseURL,
            poolSize: size,
            acquireTimeout: acquireTimeout,
            cancelGrace: .milliseconds(300)
        )
        try await ConnectionPool.withPool(configuration, logger: Logger(label: "test"), body)
    }

    @Test(
        "callers wait through a restart, and idle connections are replaced",
        arguments: [ShutdownMode.fast, .immediate]
    )
    func restart(_ mode: ShutdownMode) async throws {
        try await TestCluster.withOwn { server in
            try await withPool(server, size: 4) { pool in
                // Four connections, all idle when the server goes.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    let gate = Gate()
                    for _ in 0..<4 {
                        group.addTask { try await pool.withConnection { _ throws(DatabaseError) in gate.wait() } }
                    }
                    try await eventually { pool.usage.connected == 4 }
                    gate.open()
                    try await group.waitForAll()
                }
                await server.stop(mode)
                let waiting = Task { try await pool.backend() }
                try await eventually { pool.usage.waiting == 1 }
                try await server.start()
                _ = try await waiting.value
                try await withThrowingTaskGroup(of: Int32.self) { group in
                    for _ in 0..<20 { group.addTask { try await pool.backend() } }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("while the server is down, callers are told so after the acquire timeout")
    func down() async throws {
        try await TestCluster.withOwn { server in
            try await withPool(server, acquireTimeout: .seconds(2)) { pool in
                try await pool.untilConnected()
                await server.stop(.immediate)
                for _ in 0..<2 {
                    let error = await #expect(throws: DatabaseError.self) { try await pool.backend() }
                    #expect(error?.kind == .connect)
                    #expect(error?.isTransient == true)
                }
                try await server.start()
                try await pool.untilConnected()
            }
        }
    }

    @Test("a server process that does not even answer a cancel request is left behind at the deadline")
    func frozen() async throws {
        try await TestCluster.withOwn { server in
            try await withPool(server, size: 1) { pool in
                let backend = try await pool.backend()
                kill(backend, SIGSTOP)
                defer { kill(backend, SIGCONT) }
                let begin = ContinuousClock.now
                let error = await #expect(throws: DatabaseError.self) {
                    try await pool.withConnection(deadline: .seconds(2)) { (connection) throws(DatabaseError) in
                        _ = try connection.query("select pg_backend_pid()")
                    }
                }
                #expect(error?.kind == .timeout(.deadline))
                #expect(error?.outcomeUnknown == true)
                #expect(ContinuousClock.now - begin < .seconds(15))
                let replacement = try await pool.backend()
                #expect(replacement != backend)
            }
        }
    }

    @Test("a listener comes back after a restart and says so")
    func listener() async throws {
        try await TestCluster.withOwn { server in
            let listener = NotificationListener(
                DatabaseConfiguration(url: server.databaseURL),
                channels: ["a"],
                logger: Logger(label: "test")
            )
            try await listener.whileRunning { events in
                let first = await events.next
                #expect(first == .reconnected)
                try await server.restart(.immediate)
                let second = await events.next
                #expect(second == .reconnected)
            }
        }
    }
}
