import DurableCore
import Logging
import Synchronization

/// What needs no lease and somebody has to do, and every worker does: tell parents of their children's ends, keep
/// deadlines, apply requests, take back lost leases, prune old executions.
///
/// Done when something rings: a signal, or the worker's heartbeat, which looks whether any of it is due. Once a minute it
/// is done in any case.
final class Upkeep: Sendable {
    private let storage: any Storage
    private let configuration: WorkerConfiguration
    private let signals: any Signals
    private let onProgress: @Sendable (Set<Signal>) -> Void
    private let logger: Logger
    private let clock = ContinuousClock()

    /// Rings when executions with relatives may have ended.
    private let familyBell = Bell()
    /// Rings when deadlines or requests may be due.
    private let choreBell = Bell()
    private let isReclaimDue = Atomic(false)

    private static let batch = 1000
    private static let pause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(60)
    /// No longer than any pause, so that each long one brings it about.
    private static let reclaimingInterval = Duration.seconds(45)

    /// - Parameter onProgress: Told whom it concerned what was done: where nobody listens, signals reach not even this worker.
    init(
        storage: any Storage,
        configuration: WorkerConfiguration,
        signals: any Signals,
        logger: Logger,
        onProgress: @escaping @Sendable (Set<Signal>) -> Void
    ) {
        self.storage = storage
        self.configuration = configuration
        self.signals = signals
        self.onProgress = onProgress
        self.logger = logger
    }

    /// Relatives of executions may have to be told.
    func ringForFamilies() { familyBell.ring() }

    /// Anything may be due.
    ///
    /// - Parameter reclaiming: Whether there are lost leases to take back as well.
    func ring(reclaiming: Bool = false) {
        if reclaiming { isReclaimDue.store(true, ordering: .relaxed) }
        familyBell.ring()
        choreBell.ring()
    }

    /// Runs until cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.advanceUntilCancelled() }
            group.addTask { await self.doChoresUntilCancelled() }
        }
    }

    // MARK: Families

    private func advanceUntilCancelled() async {
        while !Task.isCancelled {
            await familyBell.wait(atMost: Self.longestPause * Double.random(in: 0.8...1.2))
            await untilDone("Telling parents") { () throws(StorageError) in
                try await self.storage.advance(limit: Self.batch)
            }
        }
    }

    // MARK: Chores

    private func doChoresUntilCancelled() async {
        // Spread, so that the workers of a deployment take turns.
        var nextPruning = clock.now.advanced(by: .seconds(Double.random(in: 60...3600)))
        var nextReclaiming = clock.now
        var wait = Duration.zero
        while !Task.isCancelled {
            await choreBell.wait(atMost: wait)
            if Task.isCancelled { return }
            if isReclaimDue.exchange(false, ordering: .relaxed) || clock.now >= nextReclaiming {
                nextReclaiming = await reclaim() ? clock.now.advanced(by: Self.reclaimingInterval) : clock.now
            }
            await untilDone("Applying requests") { () throws(StorageError) in
                try await self.storage.applyRequests(limit: Self.batch)
            }
            let expired = await untilDone("Keeping deadlines") { () throws(StorageError) in
                try await self.storage.expire(limit: Self.batch)
            }
            if let retention = configuration.retention, clock.now >= nextPruning {
                nextPruning = clock.now.advanced(by: .seconds(Double.random(in: 1800...5400)))
                await prune(retention)
            }
            wait = Self.longestPause * Double.random(in: 0.8...1.2)
            if let nextDueMs = expired?.nextDueMs { wait = min(wait, .milliseconds(nextDueMs.rounded(.up))) }
            wait = max(wait, .milliseconds(1))
        }
    }

    /// Whether the storage could be asked.
    private func reclaim() async -> Bool {
        let taken = await untilDone("Taking back lost leases") { () throws(StorageError) in
            try await self.storage.reclaim(limit: Self.batch, maxLeaseLosses: self.configuration.maxLeaseLosses)
        }
        if let taken, taken.count > 0 {
            logger.notice("Took back leases of lost workers", metadata: ["count": "\(taken.count)"])
        }
        return taken != nil
    }

    /// Takes passes until nothing is left, and lets everybody know whom it concerns; `nil` when the storage failed.
    @discardableResult
    private func untilDone(_ what: String, _ pass: () async throws(StorageError) -> Progress) async -> Progress? {
        var total = Progress()
        var isMore = true
        while isMore, !Task.isCancelled {
            do {
                let progress = try await pass()
                total.count += progress.count
                total.nextDueMs = progress.nextDueMs
                isMore = progress.isMore
                signals.send(progress.signals)
                onProgress(progress.signals)
                if progress.signals.contains(.upkeep) { ringForFamilies() }
                // What is left is locked by somebody, perhaps for long.
                if isMore, progress.count == 0 { try? await Task.sleep(for: Self.pause) }
            } catch {
                report(what, error)
                return nil
            }
        }
        return total
    }

    private func prune(_ retention: Duration) async {
        var deleted = 0
        var cursor: ExecutionID?
        do {
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
        } catch {
            report("Pruning", error)
        }
        if deleted > 0 { logger.info("Pruned finished executions", metadata: ["count": "\(deleted)"]) }
    }

    private func report(_ what: String, _ error: StorageError) {
        guard !Task.isCancelled else { return }
        let level: Logger.Level = error.isTransient ? .debug : .error
        logger.log(level: level, "\(what) failed and is tried again later", metadata: ["error": "\(error)"])
    }
}
