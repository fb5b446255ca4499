import DurableCore
import Logging
import Synchronization

/// A worker's conversation with the storage: each turn records what came of attempts and leases the next ones.
///
/// While a turn is on its way the next one's results collect; no timer is involved, so an idle worker batches nothing and
/// adds no delay. A storage that is away is asked again until it answers: the leases decide whether the results still
/// count.
final class Turns: Sendable {
    private let worker: WorkerID
    private let storage: any Storage
    private let tasks: WorkerTasks
    private let attempts: Attempts
    private let configuration: WorkerConfiguration
    private let health: WorkerHealth
    private let metrics: WorkerMetrics
    private let logger: Logger
    private let clock = ContinuousClock()

    /// Rings when there is something to record, or perhaps to lease.
    private let bell = Bell()
    private let mayBeReady = Atomic(false)
    private let mayLease = Atomic(true)

    private static let largestBatch = 1000

    init(_ worker: Worker, as id: WorkerID, attempts: Attempts, logger: Logger) {
        self.worker = id
        self.attempts = attempts
        self.logger = logger
        storage = worker.storage
        tasks = worker.tasks
        configuration = worker.configuration
        health = worker.health
        metrics = worker.metrics
    }

    /// There may be something to lease.
    func ringForWork() {
        mayBeReady.store(true, ordering: .relaxed)
        bell.ring()
    }

    /// There is something to record.
    func ringForResults() { bell.ring() }

    /// Leases nothing from now on; goes on recording.
    func stopLeasing() {
        mayLease.store(false, ordering: .relaxed)
        bell.ring()
    }

    /// Takes turns until cancelled.
    ///
    /// - Parameters:
    ///   - begin: Begins attempts.
    ///   - onRecorded: Told whom the results of a turn concern, who of them has not been told yet, and whether somebody's
    ///     child was among them.
    func run(
        begin: ([Lease]) -> Void,
        onRecorded: (_ effects: Set<Signal>, _ untold: Set<Signal>, _ hasFamily: Bool) -> Void
    ) async {
        var looks = Looks(longestPoll: configuration.longestPoll, at: clock.now)
        // An answer that was lost may have brought leases, which would be kept alive with the others for ever.
        var isAnswerMissing = false
        while !Task.isCancelled {
            if mayBeReady.exchange(false, ordering: .relaxed) { looks.hear() }
            let pause = looks.pause(at: clock.now)
            let free = mayLease.load(ordering: .relaxed) ? configuration.concurrency - attempts.running : 0
            let results = attempts.results(atMost: Self.largestBatch)
            let isLooking = free > 0 && pause == .zero
            guard isLooking || !results.isEmpty else {
                health.leasing()
                await bell.wait(atMost: free > 0 ? pause : configuration.longestPoll)
                continue
            }
            let settlements = results.map(\.settlement)
            let held: Set<LeaseID>
            // Those of results that are refused tell in vain, which does no harm.
            let effects = settlements.reduce(into: Set<Signal>()) { $0.formUnion($1.transition.effects) }
            var untold = effects
            if isLooking {
                let exchange = await exchange(settlements, limit: free, &untold, &looks, &isAnswerMissing)
                held = exchange.held
                begin(exchange.batch.leases)
            } else {
                held = await record(settlements)
            }
            attempts.recorded()
            report(results, held)
            guard !results.isEmpty else { continue }
            onRecorded(effects, untold, results.contains(where: \.hasFamily))
        }
    }

    private func report(_ results: [Attempts.Result], _ held: Set<LeaseID>) {
        for result in results {
            let lease = result.settlement.lease
            guard !held.contains(lease) else {
                metrics.settled(result.settlement.transition)
                continue
            }
            metrics.refused()
            logger.notice(
                "A result was not recorded: the lease was no longer held",
                metadata: ["execution": "\(lease.executionID)", "attempt": "\(lease.attempt)"]
            )
        }
    }

    // MARK: Recording and leasing at once

    private func exchange(
        _ settlements: [Settlement],
        limit: Int,
        _ untold: inout Set<Signal>,
        _ looks: inout Looks,
        _ isAnswerMissing: inout Bool
    ) async -> Exchange {
        var backoff = Backoff()
        let nothing = LeaseBatch(leases: [], nextDueMs: nil)
        while mayLease.load(ordering: .relaxed), !Task.isCancelled {
            do throws(StorageError) {
                if isAnswerMissing {
                    try await storage.giveBack(leasedTo: worker, besides: attempts.unsettled)
                    isAnswerMissing = false
                }
                let start = clock.now
                let request = LeaseRequest(
                    worker: worker,
                    tasks: tasks.served,
                    limit: limit,
                    position: looks.position(at: start)
                )
                let exchange =
                    settlements.isEmpty
                    ? Exchange(held: [], batch: try await storage.lease(request))
                    : try await storage.settle(settlements, leasing: request, announcing: &untold)
                health.leasing()
                metrics.leased(exchange.batch.leases.count)
                looks.looked(request, from: start, to: clock.now, exchange.batch)
                return exchange
            } catch {
                isAnswerMissing = true
                // What is wrong may be one of the results.
                if !error.isTransient, !settlements.isEmpty { break }
                if backoff.isFirst {
                    logger.warning("Leasing waits for the storage", metadata: ["error": "\(error)"])
                }
                await backoff.wait()
            }
        }
        return Exchange(held: settlements.isEmpty ? [] : await record(settlements), batch: nothing)
    }

    // MARK: Recording

    private func record(_ settlements: [Settlement]) async -> Set<LeaseID> {
        var backoff = Backoff()
        while !Task.isCancelled {
            do throws(StorageError) {
                return try await storage.settle(settlements)
            } catch {
                if !error.isTransient {
                    return settlements.count > 1
                        ? await recordOneByOne(settlements) : await recordRefusal(of: settlements[0], error)
                }
                if backoff.isFirst {
                    logger.warning(
                        "Recording what came of attempts waits for the storage",
                        metadata: ["error": "\(error)"]
                    )
                }
                await backoff.wait()
            }
        }
        return []
    }

    /// So that one settlement that the storage refuses does not take its neighbours with it.
    private func recordOneByOne(_ settlements: [Settlement]) async -> Set<LeaseID> {
        var held: Set<LeaseID> = []
        for settlement in settlements { held.formUnion(await record([settlement])) }
        return held
    }

    /// What the storage refuses for itself fails the execution: another attempt would most likely come to the same.
    private func recordRefusal(of settlement: Settlement, _ error: StorageError) async -> Set<LeaseID> {
        logger.error(
            "The storage refused what came of an attempt",
            metadata: ["execution": "\(settlement.lease.executionID)", "error": "\(error)"]
        )
        let failure = ExecutionStateMachine.refusal(of: settlement.lease)
        guard case .rejected = error, settlement != failure else { return [] }
        return await record([failure])
    }
}

extension ExecutionStateMachine.Transition {
    /// Whom an attempt's settlement concerns.
    fileprivate var effects: Set<Signal> {
        switch self {
        case .unchanged, .run: []
        case .ready: [.ready]
        // Children may have deadlines, and may have failed or been woken up at once.
        case .spawn, .next, .finalize, .restart, .resume: [.ready, .finished, .upkeep]
        case .finish: [.finished]
        }
    }
}
