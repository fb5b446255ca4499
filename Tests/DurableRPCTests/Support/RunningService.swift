import DurableCore
import DurableRPC
import Foundation
import Logging
import Metrics
import MetricsTestKit
import ServiceLifecycle
import Synchronization

/// A front end on a free port of loopback, over a storage in memory that knows tasks of several kinds.
struct RunningService: Sendable {
    let client: Client
    let storage: ObservedStorage
    let signals: LocalSignals
    let metrics: TestMetrics
    let log: RecordedLog
    private let group: ServiceGroup

    static let add1 = TaskDefinition(id: "add1", options: TaskOptions(timeoutMs: 5000))
    static let other = TaskDefinition(id: "other", options: TaskOptions(timeoutMs: 5000))
    static let payment = TaskDefinition(id: "payment", options: TaskOptions(timeoutMs: 600_000), kind: .sleeping)
    static let letter = TaskDefinition(id: "letter", options: TaskOptions(timeoutMs: 600_000), kind: .sleeping)
    static let sum = TaskDefinition(
        id: "sum",
        options: TaskOptions(timeoutMs: 5000),
        kind: .parent(finalize: other, onChildFailure: .continue)
    )
    static let steps = TaskDefinition(
        id: "steps",
        options: TaskDefinition.chainOptions,
        kind: .sequence([add1, other, add1])
    )
    static let tasks = [add1, other, payment, letter, sum, steps]

    /// Starts a front end, runs the body, and shuts the front end down.
    ///
    /// - Parameter isCancelledAtEnd: Whether the front end is cancelled at the end, and waits no delay out.
    static func with(
        access: Access = .open,
        wakeUpRetentionMs: Double = Executions.defaultWakeUpRetentionMs,
        gathering: GatheringLimits = GatheringLimits(),
        configure: @Sendable (inout FrontEndConfiguration) -> Void = { _ in },
        readiness: @escaping @Sendable () async -> Readiness = { .ready },
        isCancelledAtEnd: Bool = false,
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
            executions: Executions(
                storage: storage,
                signals: signals,
                tasks: tasks,
                wakeUpRetentionMs: wakeUpRetentionMs,
                gathering: gathering
            ),
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
            if isCancelledAtEnd { return tasks.cancelAll() }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// How many requests are being answered.
    var requestsInFlight: Double {
        get throws { try metrics.expectMeter("durable_rpc_requests_in_flight").values.last ?? 0 }
    }

    func shutDown() async { await group.triggerGracefulShutdown() }

    /// Leases everything that is due, as a worker does.
    func lease() async throws -> [Lease] {
        let worker = WorkerID.random()
        await storage.register(WorkerRegistration(id: worker, name: "test", leaseMs: 60_000))
        return try await storage.lease(
            LeaseRequest(worker: worker, tasks: Self.tasks.map(\.id), limit: 10_000)
        ).leases
    }

    /// Completes everything that is due.
    func complete(with output: Payload = Payload(json: "1")) async throws {
        try await settle(.completed(output))
    }

    /// Has an attempt at everything that is due end in that way, and tells parents.
    func settle(_ outcome: Outcome) async throws {
        let circumstances = ExecutionStateMachine.Circumstances(
            tasks: Dictionary(uniqueKeysWithValues: Self.tasks.map { ($0.id, $0) })
        )
        let settlements = try await lease().map { lease in
            ExecutionStateMachine.settlement(of: lease, outcome, circumstances)
        }
        _ = await storage.settle(settlements)
        while try await storage.advance(limit: 100).count > 0 {}
        signals.send(.finished)
    }
}
