import DurableCore
import Logging

/// Records what came of attempts, many at once: while one batch is on its way the next collects.
///
/// No timer is involved, so an idle worker batches nothing and adds no delay. A storage that is away is asked again until
/// it answers: the leases decide whether the results still count.
actor Settler {
    private struct Entry {
        let settlement: Settlement
        let hasFamily: Bool
        let continuation: CheckedContinuation<Bool, Never>
    }

    private let storage: any Storage
    private let onSettled: @Sendable (_ effects: Set<Signal>, _ hasFamily: Bool) -> Void
    private let logger: Logger
    private var waiting: [Entry] = []
    private var isSettling = false
    private var hasGivenUp = false

    private static let largestBatch = 1000

    /// - Parameter onSettled: Called after each batch; told whom it concerns, and whether somebody's child was in it.
    init(
        storage: any Storage,
        logger: Logger,
        onSettled: @escaping @Sendable (_ effects: Set<Signal>, _ hasFamily: Bool) -> Void
    ) {
        self.storage = storage
        self.logger = logger
        self.onSettled = onSettled
    }

    /// Returns when it is recorded.
    ///
    /// - Parameter hasFamily: Whether the execution is somebody's child.
    /// - Returns: Whether the lease was still held; if not, nothing was recorded.
    func settle(_ settlement: Settlement, hasFamily: Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            waiting.append(Entry(settlement: settlement, hasFamily: hasFamily, continuation: continuation))
            guard !isSettling else { return }
            isSettling = true
            Task { await self.settleAll() }
        }
    }

    /// Stops asking a storage that is away; what could not be recorded runs again when its lease has lapsed.
    func giveUp() {
        hasGivenUp = true
    }

    private func settleAll() async {
        while !waiting.isEmpty {
            let batch = Array(waiting.prefix(Self.largestBatch))
            waiting.removeFirst(batch.count)
            let held = await record(batch.map(\.settlement))
            for entry in batch { entry.continuation.resume(returning: held.contains(entry.settlement.lease)) }
            if !held.isEmpty {
                onSettled(
                    batch.reduce(into: []) { $0.formUnion($1.settlement.transition.effects) },
                    batch.contains(where: \.hasFamily)
                )
            }
        }
        isSettling = false
    }

    private func record(_ settlements: [Settlement]) async -> Set<LeaseID> {
        var backoff = Backoff()
        while true {
            do {
                return try await storage.settle(settlements)
            } catch {
                if !error.isTransient {
                    logger.error(
                        "Could not record what came of attempts; they run again when their leases have lapsed",
                        metadata: ["attempts": "\(settlements.count)", "error": "\(error)"]
                    )
                    return settlements.count > 1 ? await recordOneByOne(settlements) : []
                }
                if backoff.isFirst {
                    logger.warning(
                        "Recording what came of attempts waits for the storage",
                        metadata: ["error": "\(error)"]
                    )
                }
                if hasGivenUp { return [] }
                await backoff.wait()
            }
        }
    }

    /// So that one settlement that the storage refuses does not take its neighbours with it.
    private func recordOneByOne(_ settlements: [Settlement]) async -> Set<LeaseID> {
        var held: Set<LeaseID> = []
        for settlement in settlements { held.formUnion(await record([settlement])) }
        return held
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
