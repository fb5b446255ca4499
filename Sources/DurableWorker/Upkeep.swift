import DurableCore
import Logging

/// What somebody has to do from time to time, and every worker does: take back lost leases, prune old executions.
struct Upkeep {
    let storage: any Storage
    let configuration: WorkerConfiguration
    let signals: any Signals
    let logger: Logger

    private static let batch = 1000

    /// Runs until cancelled.
    func run() async {
        let clock = ContinuousClock()
        let reclaimInterval = min(configuration.lease / 3, .seconds(5))
        // Spread, so that the workers of a deployment take turns.
        var nextPruning = clock.now.advanced(by: .seconds(Double.random(in: 60...3600)))
        while !Task.isCancelled {
            try? await Task.sleep(for: reclaimInterval * Double.random(in: 0.8...1.2))
            await attempt("Taking back lost leases") { () throws(StorageError) in try await reclaim() }
            if let retention = configuration.retention, clock.now >= nextPruning {
                nextPruning = clock.now.advanced(by: .seconds(Double.random(in: 1800...5400)))
                await attempt("Pruning") { () throws(StorageError) in try await prune(retention) }
            }
        }
    }

    private func reclaim() async throws(StorageError) {
        var taken = 0
        var more = true
        while more, !Task.isCancelled {
            let count = try await storage.reclaim(limit: Self.batch, maxLeaseLosses: configuration.maxLeaseLosses)
            taken += count
            more = count == Self.batch
        }
        guard taken > 0 else { return }
        logger.notice("Took back leases of lost workers", metadata: ["count": "\(taken)"])
        signals.send(.ready)
        signals.send(.finished)
    }

    private func prune(_ retention: Duration) async throws(StorageError) {
        var deleted = 0
        var cursor: ExecutionID?
        repeat {
            let pruning = try await storage.prune(
                finishedForMs: retention / .milliseconds(1),
                from: cursor,
                limit: Self.batch
            )
            deleted += pruning.deleted
            cursor = pruning.next
            // Gentle: nobody waits for this.
            try? await Task.sleep(for: .milliseconds(50))
        } while cursor != nil && !Task.isCancelled
        if deleted > 0 { logger.info("Pruned finished executions", metadata: ["count": "\(deleted)"]) }
    }

    private func attempt(_ what: String, _ body: () async throws(StorageError) -> Void) async {
        do {
            try await body()
        } catch {
            guard !Task.isCancelled else { return }
            let level: Logger.Level = error.isTransient ? .debug : .error
            logger.log(level: level, "\(what) failed and is tried again later", metadata: ["error": "\(error)"])
        }
    }
}
