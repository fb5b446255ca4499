package import DurableCore
package import Logging
import ServiceLifecycle
import Synchronization

/// The engine inside a worker process: leases executions, makes attempts, records what came of them.
///
/// Any number of workers share a storage. A worker leases only tasks that it serves, never more than it has free slots.
/// On graceful shutdown it stops leasing, lets what runs end within the drain time, gives the rest back and returns.
package final class Worker: Service {
    let storage: any Storage
    let signals: any Signals
    /// Where the tasks of children are looked up.
    let catalog: TaskCatalog
    let configuration: WorkerConfiguration
    let logger: Logger
    let shutdown = ShutdownSignal()
    let health = WorkerHealth()
    let metrics = WorkerMetrics()
    package let tasks: WorkerTasks
    private let term = Mutex<WorkerTerm?>(nil)

    package init(
        storage: any Storage,
        signals: any Signals,
        catalog: TaskCatalog,
        tasks: WorkerTasks,
        configuration: WorkerConfiguration,
        logger: Logger
    ) {
        self.storage = storage
        self.signals = signals
        self.catalog = catalog
        self.tasks = tasks
        self.configuration = configuration
        self.logger = logger
    }

    /// Works until graceful shutdown or cancellation; survives the loss of its registration and of the storage.
    package func run() async throws {
        await withGracefulShutdownHandler {
            var end = WorkerTerm.End.declaredDead
            while end == .declaredDead, !shutdown.isRaised, !Task.isCancelled {
                let term = WorkerTerm(self)
                self.term.withLock { $0 = term }
                end = await term.run()
            }
            self.term.withLock { $0 = nil }
        } onGracefulShutdown: {
            self.shutdown.raise()
        }
        logger.info("Worker stopped")
    }

    /// Why the worker is not ready, in words for an operator; `nil` when it is.
    package var problem: String? {
        shutdown.isRaised ? "The worker is shutting down" : health.problem(configuration)
    }

    /// The identity it works under at present.
    package var id: WorkerID? { term.withLock { $0?.id } }

    /// Serves these tasks from now on, and lets everybody know.
    package func replaceTasks(_ tasks: [RegisteredTask]) {
        self.tasks.replace(with: tasks)
        term.withLock { $0 }?.nudge()
    }
}
