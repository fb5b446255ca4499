import EmbeddedPostgres
import Testing

@Suite("A private PostgreSQL server", .timeLimit(.minutes(2)))
struct PostgresServerTests {
    @Test("answers on loopback, and is gone when its scope ends")
    func scope() async throws {
        let cluster = try PostgresCluster.temporary(logger: quietly)
        let processID = try await cluster.withServer { server in
            let encoding = try await query("show server_encoding", at: server.databaseURL)
            #expect(encoding == "UTF8")
            let addresses = try await query("show listen_addresses", at: server.databaseURL)
            #expect(addresses == "127.0.0.1")
            return try #require(await server.processID)
        }
        #expect(!isRunning(processID))
        #expect(!exists(cluster.dataFolder))
    }

    @Test("is gone when the body of its scope throws")
    func throwingScope() async throws {
        struct Mistake: Error {}
        let cluster = try PostgresCluster.temporary(logger: quietly)
        await #expect(throws: Mistake.self) { try await cluster.withServer { _ in throw Mistake() } }
        #expect(!exists(cluster.dataFolder))
    }

    @Test("keeps its data from one start on a folder to the next")
    func keepsData() async throws {
        try await withFolder { folder in
            // A path with a space and a level that does not exist yet.
            let cluster = PostgresCluster(dataFolder: "\(folder)/made for us/data", logger: quietly)
            try await cluster.withServer { server in
                _ = try await query("create table t (n int); insert into t values (1)", at: server.databaseURL)
            }
            let rows = try await cluster.withServer { server in
                try await query("select n from t", at: server.databaseURL)
            }
            #expect(rows == "1")
        }
    }

    @Test("runs beside others")
    func several() async throws {
        let ports = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 1...3 {
                group.addTask {
                    try await PostgresCluster.temporary(logger: quietly).withServer { server in
                        try await query("show port", at: server.databaseURL)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(ports.count == 3)
    }

    @Test("takes settings")
    func settings() async throws {
        let cluster = try PostgresCluster.temporary(settings: ["max_connections": "17"], logger: quietly)
        let limit = try await cluster.withServer { try await query("show max_connections", at: $0.databaseURL) }
        #expect(limit == "17")
    }

    @Test("restarts in place, whatever the mode", arguments: [ShutdownMode.smart, .fast, .immediate])
    func restart(_ mode: ShutdownMode) async throws {
        try await PostgresCluster.temporary(logger: quietly).withServer { server in
            _ = try await query("create table t (n int); insert into t values (1)", at: server.databaseURL)
            let before = await server.processID
            try await server.restart(mode)
            let after = await server.processID
            #expect(before != after)
            let rows = try await query("select n from t", at: server.databaseURL)
            #expect(rows == "1")
        }
    }

    @Test("starts again after its main process was killed")
    func startAfterKill() async throws {
        try await PostgresCluster.temporary(logger: quietly).withServer { server in
            _ = try await query("create table t (n int); insert into t values (1)", at: server.databaseURL)
            await server.kill()
            #expect(await server.processID == nil)
            try await server.start()
            let rows = try await query("select n from t", at: server.databaseURL)
            #expect(rows == "1")
        }
    }

    @Test("refuses a second server on its folder")
    func folderInUse() async throws {
        try await PostgresCluster.temporary(logger: quietly).withServer { server in
            let folder = try await query("show data_directory", at: server.databaseURL)
            let parent = folder.split(separator: "/").dropLast().joined(separator: "/")
            let second = PostgresCluster(dataFolder: "/\(parent)", logger: quietly)
            await #expect(throws: EmbeddedPostgresError.folderInUse("/\(parent)")) { try await second.start() }
            await #expect(throws: EmbeddedPostgresError.alreadyRunning) { try await server.start() }
        }
    }

    @Test("says that its port is taken")
    func portTaken() async throws {
        try await PostgresCluster.temporary(logger: quietly).withServer { server in
            var second = try PostgresCluster.temporary(logger: quietly)
            second.port = server.port
            await #expect(throws: EmbeddedPostgresError.portTaken(server.port)) {
                try await second.withServer { _ in }
            }
        }
    }

    @Test("says which setting it did not understand")
    func badSetting() async throws {
        let cluster = try PostgresCluster.temporary(settings: ["max_connections": "many"], logger: quietly)
        let error = await #expect(throws: EmbeddedPostgresError.self) { try await cluster.withServer { _ in } }
        #expect(error.map { "\($0)".contains("max_connections") } == true)
        #expect(!exists(cluster.dataFolder))
    }
}
