import EmbeddedPostgres
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif
#if canImport(Darwin)
    import Darwin
#elseif canImport(Glibc)
    import Glibc
#endif

@Suite("A machine on which PostgreSQL cannot be started")
struct InstallationTests {
    @Test("PG_BIN decides, and is named when it is wrong")
    func wrongBinaries() async throws {
        let error = await #expect(throws: EmbeddedPostgresError.self) {
            try await PostgresBinaries.find(environment: ["PG_BIN": "/nowhere"])
        }
        #expect(error.map { "\($0)".contains("PG_BIN is /nowhere") } == true)

        let found = try await PostgresBinaries.find()
        let chosen = try await PostgresBinaries.find(environment: ["PG_BIN": found.folder])
        #expect(chosen == found)
    }

    @Test("a data folder of another version says which one to install")
    func missingVersion() async throws {
        let error = await #expect(throws: EmbeddedPostgresError.self) {
            try await PostgresBinaries.find(majorVersion: 8)
        }
        #expect(error.map { "\($0)".contains("apt-get install postgresql-8") } == true)
    }

    @Test("a folder that the server's user cannot reach is named", .timeLimit(.minutes(1)))
    func unreachableFolder() async throws {
        try await withFolder { folder in
            let closed = "\(folder)/closed"
            // Closed to other users when we are root, and to ourselves when we are not.
            let mode = geteuid() == 0 ? 0o700 : 0o500
            try FileManager.default.createDirectory(
                atPath: closed,
                withIntermediateDirectories: false,
                attributes: [.posixPermissions: mode]
            )
            let cluster = PostgresCluster(dataFolder: "\(closed)/data", logger: quietly)
            let error = await #expect(throws: EmbeddedPostgresError.self) { try await cluster.start() }
            #expect(error.map { "\($0)".contains(closed) } == true)
        }
    }
}
