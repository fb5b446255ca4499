import DurableCore
import NIOCore

/// The service as it runs in production, each part a process: a front end, workers, and the app whose procedures they call.
struct Service: Sendable {
    /// Which parts there are.
    struct Parts: Sendable {
        var hasFrontEnd = false
        /// How many workers.
        var workers = 0
        /// How many attempts each makes at once.
        var concurrency = 500
        /// Where the procedures are; `nil` starts a process that answers them.
        var echoPort: Int?
        /// How long a procedure takes, where a process answers them.
        var procedureMs = 0
    }

    /// The front end's port; 0 when there is none.
    let port: Int
    let processes: [ChildProgram]
    private let echoPort: Int
    private let arena: Arena

    /// Runs the body with a service that is ready, and stops it.
    static func with<Value: Sendable>(
        _ parts: Parts,
        on arena: Arena,
        _ body: (Service) async throws -> Value
    ) async throws -> Value {
        arena.settings.status.begin("Starting the service")
        let port = try Host.freePort()
        let echoPort = try parts.echoPort ?? Host.freePort()
        return try await BenchTask.withFile(echoPort: echoPort) { file in
            var launches: [ChildProgram.Launch] = []
            if parts.workers > 0, parts.echoPort == nil {
                launches.append(.init(role: .echo, arguments: ["bench-echo", "\(echoPort)", "\(parts.procedureMs)"]))
            }
            if parts.hasFrontEnd {
                launches.append(
                    .init(role: .frontEnd, arguments: ["serve", "--open", "--port", "\(port)", "--tasks", file])
                )
            }
            let worker = ["worker", "--tasks", file, "--concurrency", "\(parts.concurrency)", "--drain-seconds", "1"]
            launches += Array(repeating: .init(role: .worker, arguments: worker), count: parts.workers)
            return try await ChildProgram.with(launches, on: arena) { processes in
                let service = Service(
                    port: parts.hasFrontEnd ? port : 0,
                    processes: processes,
                    echoPort: echoPort,
                    arena: arena
                )
                try await service.waitUntilReady(workers: parts.workers)
                return try await body(service)
            }
        }
    }

    /// Throws when a part of it has ended.
    func check() throws {
        for process in processes { try process.check() }
    }

    private func waitUntilReady(workers: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await !isReady(workers: workers) {
            try check()
            guard ContinuousClock.now < deadline else {
                throw BenchError("The service was not ready within 30 seconds")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func isReady(workers: Int) async throws -> Bool {
        if port > 0 {
            let answer = try? await CallConnection.with(port: port) { connection in
                try await connection.send(Call("/readyz", body: ByteBuffer()))
            }
            guard answer?.isSuccess == true else { return false }
        }
        if workers > 0 {
            guard (try? await CallConnection.with(port: echoPort) { _ in }) != nil else { return false }
        }
        return try await arena.storage.workers(serving: BenchTask.plain) == workers
    }
}
