import DurableTestKit
import EmbeddedPostgres
import LibPQ
import Logging
import Testing

@Suite("Failover", .timeLimit(.minutes(2)))
struct FailoverTests {
    private func withPool(
        url: String,
        size: Int = 2,
        acquireTimeout: Duration = .seconds(30),
        _ body: (ConnectionPool) async throws -> Void
    ) async throws {
        let configuration = DatabaseConfiguration(url: url, poolSize: size, acquireTimeout: acquireTimeout)
        try await ConnectionPool.withPool(configuration, logger: Logger(label: "test"), body)
    }

    @Test(
        "of several servers the one that takes writes is used; when it no longer does, one call learns of it and all move"
    )
    func severalHosts() async throws {
        try await TestCluster.withOwn { first in
            try await TestCluster.withOwn { second in
                let hosts = "127.0.0.1:\(first.port),127.0.0.1:\(second.port)"
                try await withPool(url: "postgresql://postgres@\(hosts)/postgres?sslmode=disable", size: 4) { pool in
                    try await pool.openEverything()
                    let before = try await pool.write()
                    #expect(before == first.port)

                    try await first.setReadOnly(true)
                    let error = await #expect(throws: DatabaseError.self) { try await pool.write() }
                    #expect(error?.sqlState == .readOnlyTransaction)
                    #expect(error?.kind == .connectionLost)
                    #expect(error?.isTransient == true)
                    #expect(error?.outcomeUnknown == false)
                    // The three other connections lead to the first server as well, and are not tried.
                    for _ in 0..<8 {
                        let after = try await pool.write()
                        #expect(after == second.port)
                    }

                    // And back.
                    try await first.setReadOnly(false)
                    try await second.setReadOnly(true)
                    await #expect(throws: DatabaseError.self) { try await pool.write() }
                    let again = try await pool.write()
                    #expect(again == first.port)
                }
            }
        }
    }

    @Test("callers wait while the only server does not take writes, and are served once it does")
    func onlyHost() async throws {
        try await TestCluster.withOwn { server in
            try await withPool(url: server.databaseURL) { pool in
                _ = try await pool.write()
                try await server.setReadOnly(true)
                await #expect(throws: DatabaseError.self) { try await pool.write() }
                let waiting = Task { try await pool.write() }
                try await eventually { pool.usage.waiting == 1 }
                try await server.setReadOnly(false)
                let port = try await waiting.value
                #expect(port == server.port)
            }
        }
    }

    @Test("a hot standby is not used, callers are told why, and it is used once it is promoted")
    func promotion() async throws {
        try await TestCluster.withOwn { server in
            try await withPool(url: server.databaseURL, acquireTimeout: .seconds(3)) { pool in
                try await pool.untilConnected()
                _ = try await pool.write()
                try await server.demote()
                let error = await #expect(throws: DatabaseError.self) { try await pool.write() }
                #expect(error?.kind == .connect)
                #expect(error?.isTransient == true)
                #expect(error?.outcomeUnknown == false)
                #expect(error?.description.contains("read-only") == true, "\(String(describing: error))")
                try await server.promote()
                try await pool.untilConnected()
                let port = try await pool.write()
                #expect(port == server.port)
            }
        }
    }

    @Test("whoever asks for a standby gets one, and no writes")
    func standby() async throws {
        try await TestCluster.withOwn { server in
            try await server.demote()
            try await withPool(url: server.databaseURL + "&target_session_attrs=standby") { pool in
                _ = try await pool.backend()
                let error = await #expect(throws: DatabaseError.self) { try await pool.write() }
                #expect(error?.sqlState == .readOnlyTransaction)
            }
        }
    }
}

extension ConnectionPool {
    /// Opens every connection, so that all of them are idle.
    fileprivate func openEverything() async throws {
        let gate = Gate()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<usage.capacity {
                group.addTask { try await self.withConnection { _ throws(DatabaseError) in gate.wait() } }
            }
            try await eventually { usage.outstanding == usage.capacity }
            gate.open()
            try await group.waitForAll()
        }
    }

    /// Writes something and returns the port of the server that it was written to.
    @discardableResult
    fileprivate func write() async throws -> Int {
        try await transaction { (connection) throws(DatabaseError) in
            try connection.query("create table written ()")
            try connection.query("drop table written")
            return try connection.query("select current_setting('port')::integer").only().int(0)
        }
    }
}
