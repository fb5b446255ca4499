package import DurableCore
import DurableWire
import Hummingbird
package import Logging
package import Metrics
import ServiceLifecycle

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Answers the web app's calls over HTTP, until it is told to shut down.
///
/// Under the prefix are the procedures, from `enqueueTask` to `inspectTaskExecution`, in oRPC's RPC protocol; beside it
/// `/healthz` and `/readyz`. On a graceful shutdown `/readyz` says no first, then no more connections are taken, requests
/// in flight are answered, and those that wait for an execution are answered with the execution as it is.
package struct FrontEnd: Service {
    private let configuration: FrontEndConfiguration
    private let executions: Executions
    private let readiness: @Sendable () async -> Readiness
    private let logger: Logger
    private let metrics: any MetricsFactory
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameters:
    ///   - executions: What to call. The front end also runs it, for the sake of those who wait.
    ///   - readiness: Whether the storage can be used. Asked at most once a second; the reason it gives is public.
    ///   - metrics: Where the numbers of its requests go.
    ///   - onListening: Called once, with the port that is listened on.
    package init(
        _ configuration: FrontEndConfiguration,
        executions: Executions,
        readiness: @escaping @Sendable () async -> Readiness,
        logger: Logger,
        metrics: any MetricsFactory = MetricsSystem.factory,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.executions = executions
        self.readiness = readiness
        self.logger = logger
        self.metrics = metrics
        self.onListening = onListening
    }

    package func run() async throws {
        let probe = ReadinessProbe(check: readiness)
        let listener = HTTPListener(
            host: configuration.host,
            port: configuration.port,
            requestTimeout: configuration.requestTimeout,
            idleTimeout: configuration.idleTimeout,
            responder: responder(probe),
            logger: logger,
            onListening: onListening
        )
        // The last is the first that learns of a shutdown; the others follow one by one.
        let services: [any Service] = [
            FinishWatching(executions: executions), listener, Draining(probe: probe, delay: configuration.drainDelay),
        ]
        try await ServiceGroup(configuration: .init(services: services, logger: logger)).run()
    }

    private func responder(_ probe: ReadinessProbe) -> RPCResponder {
        let procedures: [any Procedure] = [
            EnqueueTask(executions: executions),
            EnqueueTasks(executions: executions),
            GetTaskExecution(executions: executions),
            CancelTaskExecution(executions: executions),
            WaitForTaskExecution(executions: executions),
            WakeupSleepingTaskExecution(executions: executions),
            RetryTaskExecution(executions: executions),
            InspectTaskExecution(executions: executions) { .wallClock() },
        ]
        return RPCResponder(
            procedures: ProcedureTable(
                prefix: configuration.rpcPrefix,
                Dictionary(procedures.map { ([$0.name], $0) }) { first, _ in first }
            ),
            access: configuration.access,
            admission: Admission(
                limits: .init(
                    requests: configuration.maxConcurrentRequests,
                    waits: configuration.maxConcurrentWaits,
                    bytes: configuration.maxBufferedBytes
                )
            ),
            health: HealthRoutes(probe: probe),
            metrics: RequestMetrics(procedures: procedures.map(\.name), factory: metrics),
            failures: FailureLog(logger: logger),
            logger: logger
        )
    }
}

/// Lets those who wait for executions learn when they have finished.
private struct FinishWatching: Service {
    let executions: Executions

    func run() async {
        await cancelWhenGracefulShutdown { await executions.run() }
    }
}

extension Timestamp {
    /// This process's clock: for telling people how long ago something was, never for state.
    fileprivate static func wallClock() -> Timestamp {
        Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
}
