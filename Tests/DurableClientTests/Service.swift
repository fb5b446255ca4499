import DurableClient
import DurableCore
import DurableExecution
import DurableRPC
import DurableWorker
import Logging
import ServiceLifecycle

struct Number: Codable, Sendable, Equatable {
    var n: Int
}

/// A whole service on a storage of its own: a front end on a port of its own, and an executor for its tasks.
struct Service {
    let url: String
    let executor: DurableExecutor
    static let token = "a token of the tests"

    /// Runs a service for as long as the body does.
    ///
    /// - Parameter tasks: Those that the front end knows besides the executor's.
    static func with<Result>(
        knowing tasks: [TaskDefinition] = [],
        registering register: (DurableExecutor) throws -> Void = { _ in },
        _ body: (Service) async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let storage = InMemoryStorage()
        let signals = LocalSignals()
        var configuration = ExecutorConfiguration()
        configuration.longestPoll = .milliseconds(100)
        let executor = DurableExecutor(
            storage: storage,
            signals: signals,
            configuration: configuration,
            logger: logger
        )
        try register(executor)
        let (ports, port) = AsyncStream<Int>.makeStream()
        let frontEnd = FrontEnd(
            FrontEndConfiguration(
                port: 0,
                access: .tokens(Tokens([Token(name: "test", roles: [.admin], text: token)]))
            ),
            executions: Executions(storage: storage, signals: signals, tasks: tasks + executor.tasks.map(\.definition)),
            readiness: { .ready },
            logger: logger,
            onListening: { number in
                port.yield(number)
                port.finish()
            }
        )
        let running = Task {
            try await ServiceGroup(services: [frontEnd, executor], logger: logger).run()
        }
        defer { running.cancel() }
        for await number in ports {
            return try await body(Service(url: "http://127.0.0.1:\(number)/rpc", executor: executor))
        }
        try await running.value
        throw CancellationError()
    }

    func client(_ token: String? = Service.token) throws -> DurableClient {
        try DurableClient(url: url, token: token)
    }
}
