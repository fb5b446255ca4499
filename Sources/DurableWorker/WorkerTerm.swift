import DurableCore
import Logging

/// A worker's life under one identity: from registering until it stops or is declared dead.
///
/// Three loops share the term: one keeps the slots full, one keeps the leases alive, one does upkeep for everybody.
/// Every attempt is a child of the term, so that nothing outlives it.
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
    private let metrics: WorkerMetrics
    private let logger: Logger

    private let clock = ContinuousClock()
    private let attempts = RunningAttempts()
    private let alarm = Alarm()
    private let slots: Slots
    /// Rings when there may be something to lease, or room for it.
    private let workBell = Bell()
    /// Rings when an attempt may have been cancelled.
    private let renewBell = Bell()
    /// Rings when all attempts may have ended.
    private let idleBell = Bell()
    private let settler: Settler
    private let upkeep: Upkeep
    private let isDead = ShutdownSignal()

    init(_ worker: Worker) {
        storage = worker.storage
        signals = worker.signals
        catalog = worker.catalog
        tasks = worker.tasks
        configuration = worker.configuration
        shutdown = worker.shutdown
        health = worker.health
        metrics = worker.metrics
        slots = Slots(worker.configuration.concurrency)
        var logger = worker.logger
        logger[metadataKey: "worker"] = "\(id)"
        self.logger = logger
        let upkeep = Upkeep(
            storage: worker.storage,
            configuration: worker.configuration,
            signals: worker.signals,
            logger: logger
        ) { [workBell, renewBell] effects in
            if effects.contains(.ready) { workBell.ring() }
            if effects.contains(.cancelled) { renewBell.ring() }
        }
        self.upkeep = upkeep
        let (signals, workBell) = (worker.signals, workBell)
        settler = Settler(storage: worker.storage, logger: logger) { effects, hasFamily in
            for signal in effects { signals.send(signal) }
            // Also those that are due later: everybody who waits has to know when.
            if effects.contains(.ready) { workBell.ring() }
            if hasFamily { upkeep.ringForFamilies() }
            if effects.contains(.upkeep) { upkeep.ring() }
        }
    }

    /// Works until the worker shuts down or is declared dead.
    func run() async -> End {
        guard await register() else { return .stopped }
        let loops = Task { await self.runLoops() }
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                await self.leaseUntilStopped(into: &group)
                await self.drain()
            }
        } onCancel: {
            isDead.raise()
            workBell.ring()
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
        workBell.ring()
        renewBell.ring()
    }

    // MARK: Keeping the slots full

    private var mayLease: Bool { !shutdown.isRaised && !isDead.isRaised && !Task.isCancelled }

    private func leaseUntilStopped(into group: inout DiscardingTaskGroup) async {
        var poll = Poll(longest: configuration.longestPoll)
        var backoff = Backoff()
        // An answer that was lost may have brought leases, which would be kept alive with the others for ever.
        var isAnswerMissing = false
        while mayLease {
            let free = slots.free()
            guard free > 0 else {
                health.leasing()
                await workBell.wait(atMost: configuration.longestPoll)
                continue
            }
            let served = tasks.served
            let request = LeaseRequest(worker: id, tasks: served.ids, limit: free)
            do {
                if isAnswerMissing {
                    try await storage.giveBack(leasedTo: id, besides: attempts.leases)
                    isAnswerMissing = false
                }
                let batch = try await storage.lease(request)
                health.leasing()
                backoff.reset()
                begin(batch.leases, in: &group)
                if batch.leases.count == free { continue }
                if !batch.leases.isEmpty { poll.reset() }
                await workBell.wait(atMost: poll.next(nextDueMs: batch.nextDueMs))
            } catch {
                isAnswerMissing = true
                if backoff.isFirst {
                    logger.warning("Leasing waits for the storage", metadata: ["error": "\(error)"])
                }
                await backoff.wait()
            }
        }
    }

    private func begin(_ leases: [Lease], in group: inout DiscardingTaskGroup) {
        slots.take(leases.count)
        metrics.leased(leases.count)
        let now = clock.now
        for lease in leases {
            let deadline = now + .timeout(milliseconds: lease.options.timeoutMs)
            let attempt = attempts.add(lease.id, deadline: deadline)
            alarm.expect(deadline)
            group.addTask { await self.make(attempt, under: lease) }
        }
    }

    // MARK: One attempt

    private func make(_ attempt: RunningAttempt, under lease: Lease) async {
        let invocation = Task {
            guard let invoker = tasks.invoker(for: lease.taskID) else { return attempt.end(.released) }
            attempt.end(.outcome(await invoker.invoke(Attempt(lease: lease, shutdown: shutdown))))
        }
        let end = await attempt.ended
        invocation.cancel()
        if let settlement = await settlement(of: lease, end) {
            if await settler.settle(settlement, hasFamily: lease.family != nil) {
                metrics.settled(settlement.transition)
            } else {
                metrics.refused()
                logger.notice(
                    "A result was not recorded: the lease was no longer held",
                    metadata: ["execution": "\(lease.executionID)", "attempt": "\(lease.id.attempt)"]
                )
            }
        }
        attempts.remove(lease.id)
        if slots.giveBack() {
            workBell.ring()
            idleBell.ring()
        }
    }

    private func settlement(of lease: Lease, _ end: RunningAttempt.End) async -> Settlement? {
        var circumstances = ExecutionStateMachine.Circumstances(
            chance: .random(in: 0...1),
            maxChildren: configuration.maxChildren
        )
        switch end {
        case .outcome(let outcome):
            if case .spawned(_, let children) = outcome, children.count <= configuration.maxChildren {
                circumstances.tasks = await definitions(of: Set(children.map(\.taskID)))
            }
            return ExecutionStateMachine.settlement(of: lease, outcome, circumstances)
        case .timedOut:
            return ExecutionStateMachine.settlement(of: lease, .failed(.timedOut), circumstances)
        case .released:
            return ExecutionStateMachine.release(of: lease.id)
        case .lost:
            return nil
        }
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

    // MARK: Stopping

    /// Lets running attempts end by themselves for a while, then gives back what is left.
    private func drain() async {
        if !isDead.isRaised {
            await waitForAttempts(atMost: configuration.drain)
            if !slots.areAllFree {
                logger.notice(
                    "Giving back executions that did not end in time",
                    metadata: ["count": "\(attempts.leases.count)"]
                )
            }
            attempts.endAll(.released)
            await waitForAttempts(atMost: .seconds(5))
        }
        attempts.endAll(.lost)
        await settler.giveUp()
    }

    private func waitForAttempts(atMost time: Duration) async {
        let end = clock.now.advanced(by: time)
        while !slots.areAllFree, clock.now < end, !isDead.isRaised, !Task.isCancelled {
            await idleBell.wait(atMost: clock.now.duration(to: end))
        }
    }

    // MARK: Registration

    private func register() async -> Bool {
        var backoff = Backoff()
        while mayLease {
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
            tasks: tasks.served.ids
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
            group.addTask { await self.renewUntilDead() }
            group.addTask { await self.listen() }
            group.addTask { await self.alarm.run { self.attempts.endOverdue(at: $0) } }
            group.addTask { await self.upkeep.run() }
            group.addTask {
                // Wakes the leasing loop, which waits for nothing else when the worker is to stop.
                await self.shutdown.wait()
                self.workBell.ring()
                self.idleBell.ring()
            }
        }
    }

    private func listen() async {
        for await signal in signals.signals() {
            switch signal {
            case .ready: workBell.ring()
            case .cancelled: renewBell.ring()
            case .upkeep: upkeep.ring()
            case .finished: break
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
                    workBell.ring()
                }
                guard let renewal = try await storage.renew(id, holding: attempts.leases) else {
                    logger.warning("Declared lost by the others; dropping all attempts and registering anew")
                    return die()
                }
                renewedAt = before
                health.renewed()
                attempts.end(renewal.lost, .lost)
                if renewal.isUpkeepDue { upkeep.ring() }
            } catch {
                logger.debug("Renewing the leases failed", metadata: ["error": "\(error)"])
                if renewedAt.duration(to: clock.now) > configuration.lease * 2 / 3, !attempts.isEmpty {
                    logger.warning("Could not renew the leases in time; dropping all attempts")
                    attempts.end(attempts.leases, .lost)
                }
                try? await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Short while attempts run, so that a cancelled one is told within a second.
    private var renewalInterval: Duration {
        let third = configuration.lease / 3
        return attempts.isEmpty ? min(third, .seconds(5)) : min(third, .seconds(1))
    }

    private func die() {
        isDead.raise()
        attempts.endAll(.lost)
        workBell.ring()
        idleBell.ring()
    }
}
