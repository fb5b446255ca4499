import DurableWorker
import ServiceLifecycle

/// Services that begin and end together: all of them learn of a graceful shutdown at once.
struct Together: Service {
    let services: [any Service]

    func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for service in services {
                group.addTask { try await service.run() }
            }
        }
    }
}

/// What needs the schema: the check of it, and after that the worker, if there is one.
struct GatedWorker: Service {
    let gate: SchemaGate
    let worker: Worker?

    func run() async throws {
        guard try await gate.pass() else { return }
        if let worker {
            try await worker.run()
        } else {
            try? await gracefulShutdown()
        }
    }
}
