import DurableCore
import Logging

/// A worker's life under one identity: from registering until it stops or is declared dead.
///
/// Three loops share the term: one takes turns with the storage, one keeps the leases alive, one does upkeep for everybody.
final class WorkerTerm: Sendable {
    enum End: Sendable {
        case stopped
        case declaredDead
    }

    let id = WorkerID.random()
    private let storage: any Storage
    private let signals: any Signals
    private let catalog: TaskCatalog
    private let tasks: WorkerTasks
    private let configuration: WorkerConfiguration
    private let shutdown: ShutdownSignal
    private let health: WorkerHealth
    private let logger: Logger

    private let clock = ContinuousClock()
    private let attempts = Attempts()
    private let alarm = Alarm()
    private let turns: Turns
    private let upkeep: Upkeep
    /// Rings when an attempt may have been cancelled.
    private let renewBell = Bell()
    /// Rings when everything may have been recorded.
    private let idleBell = Bell()
    private let isDead = ShutdownSignal()

    init(_ worker: Worker) {
        storage = worker.storage
        signals = worker.signals
        catalog = worker.catalog
        tasks = worker.tasks
        configuration = worker.configuration
        shutdown = worker.shutdown
        health = worker.health
        var logger = worker.logger
        logger[metadataKey: "worker"] = "\(id)"
        self.logger = logger
        let turns = Turns(worker, as: id, attempts: attempts, logger: logger)
        self.turns = turns
        upkeep = Upkeep(
            storage: worker.storage,
            configuration: worker.configuration,
            signals: worker.signals,
            logger: logger
        ) { [renewBell] effects in
            if effects.contains(.ready) { turns.ringForWork() }
            if effects.contains(.cancelled) { renewBell.ring() }
        }
    }

    /// Works until the worker shuts down or is declared dead.
    func run() async -> End {
        guard await register() else { return .stopped }
        let loops = Task { await self.runLoops() }
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.shutdown.wait() }
                group.addTask { await self.isDead.wait() }
                await group.next()
                group.cancelAll()
            }
            turns.stopLeasing()
            await drain()
        } onCancel: {
            isDead.raise()
            idleBell.ring()
        }
        loops.cancel()
        await loops.value
        guard !isDead.isRaised else { return .declaredDead }
        await retire()
        return .stopped
    }

    /// Has the term look at the world again: something changed that concerns it.
    func nudge() {
        turns.ringForWork()
        renewBell.ring()
    }

    // MARK: Attempts

    private func begin(_ leases: [Lease]) {
        guard !leases.isEmpty else { return }
        if let deadline = attempts.begin(leases, { lease in await self.make(lease) }) { alarm.expect(deadline) }
    }

    private func make(_ lease: Lease) async {
        let settlement: Settlement
        if let invoker = tasks.invoker(for: lease.taskID) {
            let outcome = await invoker.invoke(Attempt(lease: lease, shutdown: shutdown))
            settlement = ExecutionStateMachine.settlement(of: lease, outcome, await circumstances(of: outcome))
        } else {
            settlement = ExecutionStateMachine.release(of: lease.id)
        }
        if attempts.end(lease, settlement) { turns.ringForResults() }
    }

    private func circumstances(of outcome: Outcome) async -> ExecutionStateMachine.Circumstances {
        var circumstances = ExecutionStateMachine.Circumstances.drawn()
        circumstances.maxChildren = configuration.maxChildren
        if case .spawned(_, let children) = outcome, children.count <= configuration.maxChildren {
            circumstances.tasks = await definitions(of: Set(children.map(\.taskID)))
        }
        return circumstances
    }

    /// What is known of the tasks of children; asks a storage that is away until it answers.
    private func definitions(of ids: Set<TaskID>) async -> [TaskID: TaskDefinition] {
        var backoff = Backoff()
        while true {
            do {
                return try await catalog.definitions(of: ids)
            } catch {
                if backoff.isFirst {
                    logger.warning(
                        "Looking up the tasks of children waits for the storage",
                        metadata: ["error": "\(error)"]
                    )
                }
                if isDead.isRaised || Task.isCancelled { return [:] }
                await backoff.wait()
            }
        }
    }

    private func endOverdue(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (next, hasEnded) = attempts.endOverdue(at: now)
        if hasEnded { turns.ringForResults() }
        return next
    }

    // MARK: Stopping

    /// Lets running attempts end by themselves for a while, then gives back what is left.
    private func drain() async {
        if !isDead.isRaised {
            await waitForAttempts(atMost: configuration.drain)
            if attempts.running > 0 {
                logger.notice(
                    "Giving back executions that did not end in time",
                    metadata: ["count": "\(attempts.running)"]
                )
            }
            attempts.endAll(.released)
            turns.ringForResults()
            await waitForAttempts(atMost: .seconds(5))
        }
        attempts.endAll(.lost)
    }

    private func waitForAttempts(atMost time: Duration) async {
        let end = clock.now.advanced(by: time)
        while !attempts.areAllSettled, clock.now < end, !isDead.isRaised, !Task.isCancelled {
            await idleBell.wait(atMost: clock.now.duration(to: end))
        }
    }

    // MARK: Registration

    private func register() async -> Bool {
        var backoff = Backoff()
        while !shutdown.isRaised, !Task.isCancelled {
            do {
                try await storage.register(registration)
                let changed = try await storage.register(tasks.definitions)
                if !changed.isEmpty {
                    logger.notice(
                        "Task definitions replaced those of an earlier registration",
                        metadata: ["tasks": "\(changed.map(\.rawValue).sorted().joined(separator: ", "))"]
                    )
                }
                health.renewed()
                logger.info("Worker started", metadata: ["tasks": "\(tasks.definitions.count)"])
                return true
            } catch {
                if backoff.isFirst { logger.warning("Starting waits for the storage", metadata: ["error": "\(error)"]) }
                await backoff.wait()
            }
        }
        return false
    }

    private var registration: WorkerRegistration {
        WorkerRegistration(
            id: id,
            name: configuration.name,
            leaseMs: Int(configuration.lease / .milliseconds(1)),
            tasks: tasks.served
        )
    }

    private func retire() async {
        do {
            try await storage.retire(id)
        } catch {
            logger.notice(
                "Could not sign off; the worker will be declared lost",
                metadata: ["error": "\(error)"]
            )
        }
    }

    // MARK: Keeping the leases alive

    private func runLoops() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.turns.run(begin: self.begin, onRecorded: self.recorded) }
            group.addTask { await self.renewUntilDead() }
            group.addTask { await self.listen() }
            group.addTask { await self.alarm.run { self.endOverdue(at: $0) } }
            group.addTask { await self.upkeep.run() }
        }
    }

    private func recorded(_ effects: Set<Signal>, untold: Set<Signal>, hasFamily: Bool) {
        signals.send(untold)
        // Also those that are due later: everybody who waits has to know when.
        if effects.contains(.ready) { turns.ringForWork() }
        if hasFamily { upkeep.ringForFamilies() }
        if effects.contains(.upkeep) { upkeep.ring() }
        if attempts.areAllSettled { idleBell.ring() }
    }

    private func listen() async {
        for await signal in signals.signals() {
            switch signal {
            case .ready: turns.ringForWork()
            case .cancelled: renewBell.ring()
            case .upkeep: upkeep.ring()
            case .finished, .watching: break
            }
        }
    }

    private func renewUntilDead() async {
        var renewedAt = clock.now
        var tasksVersion = tasks.version
        while !Task.isCancelled {
            await renewBell.wait(atMost: renewalInterval)
            if Task.isCancelled { return }
            let before = clock.now
            do {
                if tasks.version != tasksVersion {
                    tasksVersion = tasks.version
                    _ = try await storage.register(tasks.definitions)
                    try await storage.register(registration)
                    turns.ringForWork()
                }
                guard let renewal = try await storage.renew(id, holding: attempts.leases) else {
                    logger.warning("Declared lost by the others; dropping all attempts and registering anew")
                    return die()
                }
                renewedAt = before
                health.renewed()
                lose(renewal.lost)
                if renewal.isUpkeepDue || renewal.isReclaimDue { upkeep.ring(reclaiming: renewal.isReclaimDue) }
            } catch {
                logger.debug("Renewing the leases failed", metadata: ["error": "\(error)"])
                if renewedAt.duration(to: clock.now) > configuration.lease * 2 / 3, attempts.running > 0 {
                    logger.warning("Could not renew the leases in time; dropping all attempts")
                    lose(attempts.leases)
                }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Drops attempts whose leases are gone.
    private func lose(_ leases: some Collection<LeaseID>) {
        guard !leases.isEmpty else { return }
        attempts.end(leases, .lost)
        // Their slots are free, and perhaps nothing is left to wait for.
        turns.ringForResults()
        if attempts.areAllSettled { idleBell.ring() }
    }

    /// Short while attempts run, so that a cancelled one is told within a second.
    private var renewalInterval: Duration {
        let third = configuration.lease / 3
        return attempts.running == 0 ? min(third, .seconds(5)) : min(third, .seconds(1))
    }

    private func die() {
        isDead.raise()
        attempts.endAll(.lost)
        idleBell.ring()
    }
}
