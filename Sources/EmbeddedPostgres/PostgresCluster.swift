package import Logging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A PostgreSQL cluster of our own in a data folder: made when it is first needed, served while we want it.
///
/// Needs an installed PostgreSQL (see ``PostgresBinaries``) and nothing else. Runs as who we are; when that is root,
/// as the owner of the existing data, or as `postgres` or `nobody`.
package struct PostgresCluster: Sendable {
    /// The folder that holds the cluster, its log (`postgres.log`) and its lock; made when missing.
    package var dataFolder: String
    /// The port on 127.0.0.1; nil for any free one.
    package var port: Int?
    /// Settings as in `postgresql.conf`, such as `["max_connections": "200"]`.
    package var settings: [String: String]
    /// Where starts and stops are logged.
    package var logger: Logger

    private var isTemporary = false

    /// Describes a cluster; nothing is touched before it is started.
    package init(dataFolder: String, port: Int? = nil, settings: [String: String] = [:], logger: Logger) {
        self.dataFolder = dataFolder
        self.port = port
        self.settings = settings
        self.logger = logger
    }

    /// A cluster in a folder of its own below `/tmp`, which is removed when ``withServer(_:)`` or our process ends.
    ///
    /// It does not wait for the disk: it survives every kill of the server, and no loss of power.
    package static func temporary(settings: [String: String] = [:], logger: Logger) throws -> PostgresCluster {
        let settings = settings.merging(["fsync": "off", "full_page_writes": "off"]) { given, _ in given }
        let folder = try Platform.makeTemporaryFolder(prefix: "/tmp/durable-postgres-")
        var cluster = PostgresCluster(dataFolder: folder, settings: settings, logger: logger)
        cluster.isTemporary = true
        return cluster
    }

    /// Starts a server, which then runs until it is told to stop or our process ends.
    package func start() async throws -> PostgresServer {
        let folder = DataFolder(dataFolder)
        let user = try ServerUser.forServer(with: folder.cluster)
        let binaries = try await PostgresBinaries.find(majorVersion: folder.majorVersion)
        let programs = Programs(binaries: binaries, user: user)
        try await folder.prepare(for: programs)

        var attempts = 3
        while true {
            attempts -= 1
            let server = PostgresServer(
                folder: folder,
                port: try Platform.reservePort(port),
                settings: settings,
                scratch: isTemporary ? folder.path : nil,
                programs: programs,
                logger: logger
            )
            do {
                try await server.start()
                return server
            } catch EmbeddedPostgresError.portTaken where port == nil && attempts > 0 {
                // Somebody was faster. Any other port will do.
            }
        }
    }

    /// Runs the body with a server and stops it afterwards, however the body ends.
    package func withServer<Result: Sendable>(
        _ body: (PostgresServer) async throws -> Result
    ) async throws -> Result {
        defer {
            if isTemporary { try? FileManager.default.removeItem(atPath: dataFolder) }
        }
        let server = try await start()
        do {
            let result = try await body(server)
            await server.close()
            return result
        } catch {
            await server.close()
            throw error
        }
    }
}
