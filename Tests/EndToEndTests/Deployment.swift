import DurableClient
import DurableCore
import DurableTestKit
import Foundation
import Synchronization
import Testing

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A whole deployment for one test: a schema of its own in a real PostgreSQL, a web app on a real socket, and as many
/// real `durable` processes as the test starts.
final class Deployment: Sendable {
    struct Number: Codable, Sendable, Equatable {
        var n: Int
    }

    let databaseURL: String
    private let databaseFlags: [String]
    let schema: String
    let storage: any Storage
    let app: StubWebApp
    let frontEndPort: Int
    let client: DurableClient
    private let folder: URL
    private let processes = Mutex<[DurableProcess]>([])

    private init(
        databaseURL: String,
        databaseFlags: [String],
        schema: String,
        storage: any Storage,
        app: StubWebApp,
        tasks: String
    ) throws {
        self.databaseURL = databaseURL
        self.databaseFlags = ["--database-url", databaseURL, "--schema", schema] + databaseFlags
        self.schema = schema
        self.storage = storage
        self.app = app
        frontEndPort = try freePort()
        client = try DurableClient(url: "http://127.0.0.1:\(frontEndPort)/rpc")
        folder = FileManager.default.temporaryDirectory.appending(path: "deployment-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try tasks.write(to: folder.appending(path: "tasks.yaml"), atomically: true, encoding: .utf8)
    }

    /// The tasks file of most tests: `add1`, and `retrying`, which has retries.
    static func tasks(_ url: String) -> String {
        """
        endpoints:
          app:
            url: \(url)
        tasks:
          add1: { procedure: app/add1, timeoutMs: 60000 }
          retrying:
            procedure: app/retrying
            timeoutMs: 30000
            retryOptions: { maxAttempts: 3, baseDelayMs: 10 }
        """
    }

    /// Runs the body with a deployment that has a front end; the body starts the workers.
    ///
    /// - Parameters:
    ///   - databaseURL: The database; the one that all tests share unless given.
    ///   - route: How everybody gets there.
    ///   - databaseFlags: What the processes are told about it beside its URL.
    static func with(
        databaseURL: String? = nil,
        through route: Route = .direct,
        databaseFlags: [String] = [],
        tasks: (String) -> String = Deployment.tasks,
        answering answer: @escaping @Sendable (StubRequest) async -> StubAnswer = { $0.plusOne },
        _ body: (Deployment) async throws -> Void
    ) async throws {
        try await StubWebApp.with(answer) { app in
            try await PostgresFixture.with(databaseURL: databaseURL, through: route) { fixture in
                let deployment = try Deployment(
                    databaseURL: fixture.databaseURL,
                    databaseFlags: databaseFlags,
                    schema: fixture.schema,
                    storage: fixture.storage,
                    app: app,
                    tasks: tasks(app.url)
                )
                do {
                    try await deployment.startFrontEnd()
                    try await body(deployment)
                } catch {
                    await deployment.end(printing: true)
                    throw error
                }
                await deployment.end(printing: false)
            }
        }
    }

    // MARK: Processes

    /// - Parameter tasks: The text of a tasks file for this process alone.
    @discardableResult
    func start(
        _ arguments: [String],
        tasks: String? = nil,
        environment: [String: String] = [:]
    ) throws -> DurableProcess {
        var file = folder.appending(path: "tasks.yaml")
        if let tasks {
            file = folder.appending(path: "\(UUID().uuidString).yaml")
            try tasks.write(to: file, atomically: true, encoding: .utf8)
        }
        let process = try DurableProcess(
            arguments + databaseFlags + ["--tasks", file.path()],
            environment: environment
        )
        processes.withLock { $0.append(process) }
        return process
    }

    @discardableResult
    func startFrontEnd() async throws -> DurableProcess {
        let process = try start(["serve", "--port", "\(frontEndPort)", "--open"])
        try await eventually("the front end is ready") { await isReady(port: frontEndPort) }
        return process
    }

    /// Starts a worker and waits until it is ready.
    @discardableResult
    func startWorker(lease: Int = 5, tasks: String? = nil, _ arguments: String...) async throws -> DurableProcess {
        let port = try freePort()
        let process = try start(
            ["worker", "--lease-seconds", "\(lease)", "--health-port", "\(port)"] + arguments,
            tasks: tasks
        )
        try await eventually("the worker is ready") { await isReady(port: port) }
        return process
    }

    private func end(printing: Bool) async {
        for process in processes.withLock({ $0 }) {
            if printing { print("--- process \(process.processID):\n\(process.output)") }
            await process.end()
        }
        try? FileManager.default.removeItem(at: folder)
    }

    // MARK: Tasks and executions

    var add1: RemoteTask<Number, Number> { client.task("add1", input: Number.self, output: Number.self) }
    var retrying: RemoteTask<Number, Number> { client.task("retrying", input: Number.self, output: Number.self) }

    func execution(_ id: ExecutionID) async throws -> Execution {
        try #require(try await storage.executions([id])[id])
    }

    /// Waits until none of the executions is unfinished, and returns them.
    func finished(_ ids: [ExecutionID], within limit: Duration = .seconds(60)) async throws -> [Execution] {
        try await eventually("all executions finish", within: limit) {
            try await storage.settled(among: ids, limit: ids.count).count == Set(ids).count
        }
        return Array(try await storage.executions(ids).values)
    }
}

extension StubRequest {
    /// The number in a body `{"json":{"n":1}}`.
    var number: Int {
        text.split(separator: "\"n\":").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
    }

    var plusOne: StubAnswer { .json(#"{"json":{"n":\#(number + 1)}}"#) }
}

/// A port that nothing listens on at present, and that no other test is given.
///
/// It is below those that private PostgreSQL servers choose from, and below those that outgoing connections get: nobody
/// takes it before the process that it is for. Ports come one after the other from anywhere on, so that two test runs
/// hardly ever come to the same one at the same time.
func freePort() throws -> Int {
    for _ in 0..<100 {
        let port = 10_000 + lastPort.wrappingAdd(1, ordering: .relaxed).newValue % 5000
        if LoopbackPort.isFree(port) { return port }
    }
    throw NoFreePort()
}

private struct NoFreePort: Error {}

private let lastPort = Atomic(Int.random(in: 0..<5000))

/// Whether `/readyz` on that port answers 200.
func isReady(port: Int) async -> Bool {
    guard let url = URL(string: "http://127.0.0.1:\(port)/readyz"),
        let (_, response) = try? await URLSession.shared.data(from: url)
    else { return false }
    return (response as? HTTPURLResponse)?.statusCode == 200
}
