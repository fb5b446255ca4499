import DurableCore
public import DurableExecution
import DurableInvoker
import DurablePostgres
import DurableRPC
import DurableWorker
import LibPQ
public import Logging
import ServiceLifecycle

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A process of the service: a front end, a worker, or both, over one PostgreSQL.
///
/// A program with tasks of its own in Swift, next to those of a tasks file:
///
/// ```swift
/// let server = DurableServer(try .fromEnvironment()) { executor in
///     _ = try executor.task("add1", timeout: .seconds(5)) { (n: Int) in n + 1 }
/// }
/// try await server.run()
/// ```
public struct DurableServer: Sendable {
    private let settings: ServerSettings
    private let logger: Logger
    private let register: @Sendable (DurableExecutor) throws -> Void
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameters:
    ///   - logger: Where the process logs.
    ///   - onListening: Called with the front end's port once it listens.
    ///   - register: Registers tasks written in Swift with the executor that it is given. The executor runs on the
    ///     server's storage; tasks may enqueue with it.
    public init(
        _ settings: ServerSettings,
        logger: Logger = Logger(label: "durable"),
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in },
        register: @escaping @Sendable (DurableExecutor) throws -> Void = { _ in }
    ) {
        self.settings = settings
        self.logger = logger
        self.register = register
        self.onListening = onListening
    }

    /// Serves until the process is told to stop by SIGTERM or SIGINT, and returns when what was running has ended.
    ///
    /// SIGHUP re-reads the tasks file; a bad one is refused and logged, and the tasks stay as they were.
    ///
    /// - Throws: ``ConfigurationError`` before anything is started; what makes it impossible to serve, such as a schema
    ///   that is too old; ``StoppedBeforeDrained`` when told to stop twice.
    public func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        let stores = Stores(settings.database, logger: logger)
        let executor = DurableExecutor(storage: stores.storage, signals: stores.signals, logger: logger)
        try register(executor)
        let tasks = ServedTasks(settings: settings, environment: environment, own: executor.tasks)
        let problems = settings.problems(environment: environment, ownTasks: executor.tasks.map(\.definition))
        guard problems.isEmpty else { throw ConfigurationError(problems) }
        // The pool is closed last, and not by cancellation: a worker told to stop at once still gives back what it holds.
        do {
            try await withProcedureClient(concurrency: settings.worker?.concurrency ?? 1, logger: logger) { client in
                try await serve(tasks, from: stores, calling: client)
            }
        } catch {
            await stores.close()
            throw error
        }
        await stores.close()
    }

    private func serve(_ tasks: ServedTasks, from stores: Stores, calling client: ProcedureClient) async throws {
        let file = try tasks.file()
        let executions = Executions(
            storage: stores.storage,
            signals: stores.signals,
            tasks: tasks.definitions(with: file),
            checks: tasks.checks,
            wakeUpRetentionMs: settings.frontEnd.map { $0.wakeUpRetention / .milliseconds(1) }
                ?? Executions.defaultWakeUpRetentionMs
        )
        let worker = try settings.worker.map { settings in
            Worker(
                storage: stores.storage,
                signals: stores.signals,
                catalog: executions.catalog,
                tasks: WorkerTasks(try tasks.registered(with: file, calling: client)),
                configuration: settings.configuration,
                logger: logger
            )
        }
        if settings.database.directConfiguration == nil {
            logger.notice(
                "Finds work by polling only: a pooler carries no LISTEN; --direct-database-url would pass it by"
            )
        }
        let gate = SchemaGate(stores, migrates: settings.migrates, logger: logger)
        let services = try doors(gate, executions, worker, environment: tasks.environment)

        // Shut down from last to first: whoever takes on work stops and drains before it loses what it works with.
        var configuration = ServiceGroupConfiguration(
            services: [stores.signals, Together(services: services)],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = (settings.worker?.drain ?? .zero) + .seconds(30)
        try await ServiceGroup(configuration: configuration).run(logger: logger) { [logger] in
            await tasks.reload(executions.catalog, worker, calling: client, logger: logger)
        }
    }

    /// Where work and questions come in.
    private func doors(
        _ gate: SchemaGate,
        _ executions: Executions,
        _ worker: Worker?,
        environment: [String: String]
    ) throws -> [any Service] {
        var services: [any Service] = [GatedWorker(gate: gate, worker: worker)]
        if let frontEnd = settings.frontEnd {
            services.append(
                FrontEnd(
                    try frontEnd.configuration(environment: environment),
                    executions: executions,
                    readiness: { await gate.readiness() },
                    logger: logger,
                    onListening: onListening
                )
            )
        }
        if let worker, let health = settings.worker?.health {
            services.append(
                HealthServer(
                    host: health.host,
                    port: health.port,
                    readiness: {
                        let readiness = await gate.readiness()
                        guard readiness == .ready, let problem = worker.problem else { return readiness }
                        return .notReady(reason: problem)
                    },
                    logger: logger
                )
            )
        }
        return services
    }
}
