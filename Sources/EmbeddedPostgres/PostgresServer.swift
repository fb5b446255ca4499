import Logging
import Subprocess

/// A private PostgreSQL server on 127.0.0.1, started by us and stopped by us.
///
/// It can be stopped and started again any number of times, on the same port and data. When our process ends without
/// stopping it (a crash, a signal, SIGKILL), a caretaker process stops it moments later. Operations are meant for one
/// caller at a time.
package actor PostgresServer {
    /// Where the server listens: `postgresql://postgres@127.0.0.1:PORT/postgres?sslmode=disable`.
    ///
    /// Whoever can connect to the port is a superuser: it is for development and tests, on a machine whose users trust
    /// each other.
    package nonisolated let databaseURL: String
    /// The port on 127.0.0.1.
    package nonisolated let port: Int

    private let folder: DataFolder
    private let settings: [String: String]
    private let scratch: String?
    private let programs: Programs
    private let logger: Logger
    private var run: Run?
    private var caretaker: Caretaker?

    /// What a running server holds, given back together when it stops.
    private struct Run {
        let postmaster: Postmaster
        let lock: FolderLock
    }

    init(
        folder: DataFolder,
        port: Int,
        settings: [String: String],
        scratch: String?,
        programs: Programs,
        logger: Logger
    ) {
        let fixed = [
            "listen_addresses": "127.0.0.1",
            "port": "\(port)",
            // No file outside of the data folder, so nothing to leave behind.
            "unix_socket_directories": "",
            "logging_collector": "off",
            "log_destination": "stderr",
        ]
        self.folder = folder
        self.port = port
        self.settings = settings.merging(fixed) { _, fixed in fixed }
        self.scratch = scratch
        self.programs = programs
        self.logger = logger
        databaseURL = "postgresql://postgres@127.0.0.1:\(port)/postgres?sslmode=disable"
    }

    /// The server's main process, while there is one.
    package var processID: Int32? {
        guard let postmaster = run?.postmaster, !postmaster.hasExited else { return nil }
        return postmaster.processID
    }

    /// Starts the server and returns when it accepts connections.
    ///
    /// A server left behind on this data folder by a process that was killed is stopped first.
    package func start() async throws {
        guard processID == nil else { throw EmbeddedPostgresError.alreadyRunning }
        // One that died by itself still holds the lock.
        await stop(.immediate)

        let lock = try FolderLock(folder, user: programs.user)
        try await stopLeftOver()
        if caretaker == nil { caretaker = Caretaker(of: folder, removing: scratch, with: programs) }
        do {
            if folder.majorVersion == nil {
                logger.info("Making a PostgreSQL cluster", metadata: ["folder": "\(folder.path)"])
                try await folder.makeCluster(with: programs, isDurable: settings["fsync"] != "off")
            }
            run = Run(postmaster: try await launch(), lock: lock)
        } catch {
            await dismissCaretaker()
            throw error
        }
        logger.info("PostgreSQL is ready", metadata: ["port": "\(port)", "folder": "\(folder.path)"])
    }

    /// Stops the server and returns when it has gone; does nothing when it is not running.
    ///
    /// A fast stop that takes longer than 20 seconds becomes an immediate one.
    package func stop(_ mode: ShutdownMode = .fast) async {
        await end(with: mode.signal, patience: mode == .fast ? .seconds(20) : nil)
    }

    /// Stops the server and starts it again.
    package func restart(_ mode: ShutdownMode = .fast) async throws {
        await stop(mode)
        try await start()
    }

    /// Kills the server's main process with SIGKILL, as the kernel does when memory runs out.
    package func kill() async {
        await end(with: .kill, patience: nil)
    }

    /// Stops the server for good; a temporary folder goes with it.
    func close() async {
        await stop()
        await caretaker?.finish()
        caretaker = nil
    }

    private func end(with signal: Signal, patience: Duration?) async {
        guard let run else { return }
        self.run = nil
        if run.postmaster.hasExited {
            logger.warning("PostgreSQL had stopped by itself", metadata: ["log": "\(folder.logTail)"])
        }
        await Self.end(run.postmaster, with: signal, patience: patience)
        // A folder that is ours alone is looked after until it goes. Any other is somebody else's from now on.
        if scratch == nil { await dismissCaretaker() }
        logger.info("PostgreSQL has stopped", metadata: ["port": "\(port)"])
    }

    private func dismissCaretaker() async {
        await caretaker?.dismiss()
        caretaker = nil
    }

    private static func end(_ postmaster: Postmaster, with signal: Signal, patience: Duration?) async {
        postmaster.send(signal)
        let escalation = patience.map { patience in
            Task {
                try await Task.sleep(for: patience)
                postmaster.send(.quit)
            }
        }
        await postmaster.waitForExit()
        escalation?.cancel()
    }

    private func launch() async throws -> Postmaster {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            _ = try Platform.reservePort(port)
            let postmaster = try await Postmaster(on: folder, settings: settings, with: programs)
            do {
                try await waitUntilReady(postmaster, until: deadline)
                return postmaster
            } catch {
                await Self.end(postmaster, with: .quit, patience: nil)
                // The last server's main process was killed, and its children have yet to notice.
                guard case EmbeddedPostgresError.startFailed(let log) = error, log.contains("is still in use"),
                    ContinuousClock.now < deadline
                else { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func waitUntilReady(_ postmaster: Postmaster, until deadline: ContinuousClock.Instant) async throws {
        while !postmaster.hasExited {
            if let server = folder.server, server.processID == postmaster.processID, server.isReady { return }
            guard ContinuousClock.now < deadline else {
                throw EmbeddedPostgresError.startTimedOut(log: folder.logTail)
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        let log = folder.logTail
        throw log.contains("could not bind")
            ? EmbeddedPostgresError.portTaken(port) : EmbeddedPostgresError.startFailed(log: log)
    }

    /// Stops what still runs on the folder although nobody holds its lock.
    private func stopLeftOver() async throws {
        func leftOver() -> Int32? {
            folder.server.map(\.processID).flatMap { Platform.isServer($0, in: folder.cluster) ? $0 : nil }
        }
        guard let processID = leftOver() else { return }
        logger.notice("Stopping the PostgreSQL server that a killed process left", metadata: ["pid": "\(processID)"])
        for (signal, patience) in [
            (Signal.interrupt, Duration.seconds(20)), (.quit, .seconds(10)), (.kill, .seconds(5)),
        ] {
            Platform.signal(signal.rawValue, to: processID)
            let deadline = ContinuousClock.now + patience
            while ContinuousClock.now < deadline {
                if leftOver() != processID { return }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
    }
}
