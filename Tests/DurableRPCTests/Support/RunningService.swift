import DurableCore
import DurableRPC
import Foundation
import Logging
import Metrics
import MetricsTestKit
import ServiceLifecycle
import Synchronization

/// A front end on a free port of loopback, over a storage in memory that knows the tasks `add1` and `other`.
struct RunningService: Sendable {
    let client: Client
    let storage: ObservedStorage
    let signals: LocalSignals
    let metrics: TestMetrics
    let log: RecordedLog
    private let group: ServiceGroup

    static let add1 = TaskDefinition(id: "add1", options: TaskOptions(timeoutMs: 5000))
    static let other = TaskDefinition(id: "other", options: TaskOptions(timeoutMs: 5000))

    /// Starts a front end, runs the body, and shuts the front end down.
    static func with(
        access: Access = .open,
        configure: @Sendable (inout FrontEndConfiguration) -> Void = { _ in },
        readiness: @escaping @Sendable () async -> Readiness = { .ready },
        _ body: @Sendable (RunningService) async throws -> Void
    ) async throws {
        var configuration = FrontEndConfiguration(port: 0, access: access)
        configure(&configuration)
        let storage = ObservedStorage(
            InMemoryStorage { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
        )
        let signals = LocalSignals()
        let metrics = TestMetrics()
        let log = RecordedLog()
        let (ports, port) = AsyncStream<Int>.makeStream()
        let frontEnd = FrontEnd(
            configuration,
            executions: Executions(storage: storage, signals: signals, tasks: [add1, other]),
            readiness: readiness,
            logger: log.logger,
            metrics: metrics,
            onListening: { port.yield($0) }
        )
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: frontEnd)], logger: log.logger)
        )
        try await withThrowingTaskGroup { tasks in
            tasks.addTask {
                defer { port.finish() }
                try await group.run()
            }
            var iterator = ports.makeAsyncIterator()
            if let port = await iterator.next() {
                try await body(
                    RunningService(
                        client: Client(port: port),
                        storage: storage,
                        signals: signals,
                        metrics: metrics,
                        log: log,
                        group: group
                    )
                )
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func shutDown() async { await group.triggerGracefulShutdown() }

    /// Leases everything that is due, as a worker does.
    func lease() async throws -> [Lease] {
        let worker = WorkerID.random()
        await storage.register(WorkerRegistration(id: worker, name: "test", leaseMs: 60_000))
        return try await storage.lease(
            LeaseRequest(worker: worker, tasks: [Self.add1.id, Self.other.id], limit: 10_000)
        ).leases
    }

    /// Completes everything that is due.
    func complete(with output: Payload = Payload(json: "1")) async throws {
        let settlements = try await lease().map { lease in
            ExecutionStateMachine.settlement(of: lease, .completed(output), ExecutionStateMachine.Circumstances())
        }
        _ = await storage.settle(settlements)
        signals.send(.finished)
    }
}
