import DurableCore

/// One run of random work over a storage: a seed is a run.
///
/// Everything is done by one task, one step after the other. After every step the world is held against what may have
/// become of it; in the end faults stop, and everything has to end.
package final class Simulation {
    private let seed: UInt64
    private let subject: any SimulatedStorage
    /// Whether every call takes all that there is to take, so that no order of equals plays a part.
    private let isExhaustive: Bool
    var random: SplitMix64
    var world = ExpectedWorld()
    private var workers: [WorkerID] = []
    private var held: [Lease] = []
    /// Leases of workers that are gone.
    private var stale: [Lease] = []
    var names = 0
    /// The names with an early wake-up that some sleeper was given.
    var usedNames: Set<String> = []
    private var renewedAt: Timestamp
    package private(set) var counts = SimulationCounts()

    private static let leaseMs = 1000

    package init(seed: UInt64, on subject: any SimulatedStorage, isExhaustive: Bool = false) {
        self.seed = seed
        self.subject = subject
        self.isExhaustive = isExhaustive
        random = SplitMix64(seed: seed)
        renewedAt = subject.now
    }

    /// What became of every execution, by its place in its tree.
    package var ends: [[Int]: String] {
        world.known.values.reduce(into: [:]) { ends, execution in
            ends[world.paths[execution.id] ?? []] =
                "\(execution.taskID) \(execution.status) \(execution.attempt) \(execution.retryAttempts) "
                + "\(execution.leaseLosses) \(execution.priority) \(execution.error?.kind.rawValue ?? "-")"
        }
    }

    /// Takes so many steps with faults, and then as many without as it takes for everything to end.
    package func run(steps: Int) async throws(SimulationFailure) {
        do {
            _ = try await subject.look()
            for _ in 0..<2 { try await addWorker() }
            for _ in 0..<steps {
                counts.steps += 1
                try await step()
                // Other tests have their turn.
                if counts.steps % 10 == 0 { await Task.yield() }
            }
            try await drain()
        } catch {
            let what = (error as? ExpectedWorld.Violation)?.what ?? "\(error)"
            throw SimulationFailure(seed: seed, step: counts.steps, what: what)
        }
    }

    private var storage: any Storage { subject.storage }

    /// Looks at what has changed.
    @discardableResult
    private func look(after cause: ExpectedWorld.Cause) async throws -> Bool {
        try world.take(try await subject.look(), after: cause, now: subject.now)
    }

    private func step() async throws {
        if random.oneIn(2) { try await subject.advanceClock(milliseconds: Double(random.below(6))) }
        if subject.now.milliseconds(since: renewedAt) > 500 { try await renew() }
        switch random.below(1000) {
        case ..<100 where world.unfinished.count < 40: try await enqueue()
        case ..<170: try await lease()
        case ..<400: try await settle()
        case ..<520: try await loseWorker()
        case ..<555: try await settleLate()
        case ..<675: try await cancel()
        case ..<810: try await advance()
        case ..<935: try await wake()
        case ..<965: try await jump()
        default: try await retry()
        }
    }

    // MARK: Producers

    private func enqueue() async throws {
        var new: [NewExecution] = []
        for _ in 0...random.below(2) {
            var options = EnqueueOptions()
            if random.oneIn(8) { options.priority = random.below(201) - 100 }
            if random.oneIn(8) { options.expiresInMs = 50 + random.below(2000) }
            if random.oneIn(8) { options.sleepMsBeforeRun = Double(random.below(100)) }
            let task =
                random.oneIn(4) ? SimulatedTasks.sleeper : SimulatedTasks.all[random.below(SimulatedTasks.all.count)]
            let input = task.kind == .sleeping ? nameForSleeper() : Payload(json: "0")
            new.append(try NewExecution(of: task, input: input, options: options))
        }
        let insertions = try await storage.insert(new)
        for insertion in insertions { world.accept(insertion.executionID) }
        counts.trees += insertions.count
        try await look(after: .enqueue)
        for insertion in insertions where world.known[insertion.executionID] == nil {
            throw ExpectedWorld.Violation(what: "\(insertion.executionID) was accepted and is not there")
        }
    }

    private func cancel() async throws {
        guard world.unfinished.count > 0, !random.oneIn(20) else {
            guard !world.finished.isEmpty else { return }
            let id = world.finished[random.below(world.finished.count)]
            let isUnfinished = world.known[id]?.status.isFinished == false
            let cancelled = try await storage.cancel([id])
            if cancelled.contains(id) != isUnfinished {
                throw ExpectedWorld.Violation(what: "\(id) had finished and was cancelled")
            }
            try await look(after: .cancel(id))
            return
        }
        let id = world.unfinished[random.below(world.unfinished.count)]
        let cancelled = try await storage.cancel([id])
        try await look(after: .cancel(id))
        guard cancelled == [id], world.known[id]?.status == .cancelled else {
            throw ExpectedWorld.Violation(what: "\(id) was not cancelled")
        }
        counts.cancellations += 1
    }

    private func wake() async throws {
        counts.wakeUps += 1
        let isEarly = world.sleepers.count == 0 || random.oneIn(5)
        guard !isEarly else {
            names += 1
            let name = "s\(names)"
            let wakeUp = WakeUp(taskID: "sleeper", uniqueID: name, result: .completed(.undefined), keptForMs: 500)
            guard try await storage.wake(wakeUp) == .kept else {
                throw ExpectedWorld.Violation(what: "the early wake-up of \(name) was not kept")
            }
            world.keptNames[name] = subject.now.adding(milliseconds: 500)
            if world.keptNames.count > 8 { forgetNames() }
            try await look(after: .wake(nil))
            return
        }
        try await wake(world.sleepers[random.below(world.sleepers.count)])
    }

    private func forgetNames() {
        let now = subject.now
        world.keptNames = world.keptNames.filter { $0.value > now }
    }

    private func wake(_ id: ExecutionID) async throws {
        guard let sleeper = world.known[id], let name = sleeper.sleepingUniqueID else { return }
        let result: WakeUp.Result =
            random.oneIn(5) ? .failed(.nonRetryable("woken in vain")) : .completed(Payload(json: "7"))
        let wakeUp = WakeUp(taskID: "sleeper", uniqueID: name, result: result, keptForMs: 500)
        let answer = try await storage.wake(wakeUp)
        try await look(after: .wake(id))
        guard answer == .wokenUp(sleeper.reference), world.known[id]?.status == result.ending.status else {
            throw ExpectedWorld.Violation(what: "\(id) was not woken up: \(answer)")
        }
    }

    private func retry() async throws {
        guard !world.finished.isEmpty else { return }
        let id = world.finished[random.below(world.finished.count)]
        guard let execution = world.known[id] else { return }
        let parent = execution.family.flatMap { world.known[$0.parent.executionID] }
        let isRetryable =
            execution.status.isFinished && execution.status != .completed && parent?.status.isFinished ?? true
        let result = try await storage.retry(id)
        guard (result == .retried) == isRetryable else {
            throw ExpectedWorld.Violation(what: "\(id), \(execution.status), was asked to run again: \(result)")
        }
        if isRetryable { counts.retriesByHand += 1 }
        try await look(after: .retry)
    }

    // MARK: Workers

    private func addWorker() async throws {
        let bits = UInt128(random.next()) << 64 | UInt128(random.next())
        let worker = WorkerID(bits: bits)
        try await storage.register(WorkerRegistration(id: worker, name: "worker", leaseMs: Self.leaseMs))
        workers.append(worker)
        world.alive.insert(worker)
    }

    private func renew() async throws {
        for worker in workers {
            let mine = held.filter { world.known[$0.executionID]?.workerID == worker }.map(\.id)
            guard let renewal = try await storage.renew(worker, holding: mine) else {
                throw ExpectedWorld.Violation(what: "\(worker) was declared dead although it renews")
            }
            let lost = Set(mine.filter { !isHeld($0) })
            guard renewal.lost == lost else {
                throw ExpectedWorld.Violation(what: "\(worker) was told of \(renewal.lost) instead of \(lost)")
            }
        }
        held.removeAll { !isHeld($0.id) }
        renewedAt = subject.now
    }

    private func isHeld(_ lease: LeaseID) -> Bool {
        guard let execution = world.known[lease.executionID] else { return false }
        return execution.status == .running && execution.attempt == lease.attempt && execution.kind.isLeased
    }

    private func lease() async throws {
        try await lease(workers[random.below(workers.count)])
    }

    private func lease(_ worker: WorkerID) async throws {
        let limit = isExhaustive ? 1000 : 1 + random.below(3)
        let tasks = SimulatedTasks.all.map(\.id)
        let batch = try await storage.lease(LeaseRequest(worker: worker, tasks: tasks, limit: limit))
        try await look(after: .lease(worker))
        for lease in batch.leases where !isHeld(lease.id) || world.known[lease.executionID]?.workerID != worker {
            throw ExpectedWorld.Violation(what: "\(lease.executionID) was leased, and its row does not say so")
        }
        guard batch.leases.count <= limit else { throw ExpectedWorld.Violation(what: "too many leases") }
        held += batch.leases.sorted { left, right in
            (world.paths[left.executionID] ?? []).lexicographicallyPrecedes(world.paths[right.executionID] ?? [])
        }
    }

    private func settle() async throws {
        held.removeAll { !isHeld($0.id) }
        if held.isEmpty { try await lease() }
        if held.isEmpty {
            try await subject.advanceClock(milliseconds: 40)
            return try await enqueue()
        }
        let lease = held.remove(at: random.below(held.count))
        if random.oneIn(30) { return try await release(lease) }
        try await settle(lease, outcome(for: lease))
    }

    private func settle(_ lease: Lease, _ outcome: Outcome) async throws {
        let settlement = ExecutionStateMachine.settlement(of: lease, outcome, SimulatedTasks.circumstances)
        let isHeld = isHeld(lease.id)
        let answer = try await storage.settle([settlement])
        guard answer == (isHeld ? [lease.id] : []) else {
            throw ExpectedWorld.Violation(
                what: "\(lease.executionID) was settled \(isHeld ? "in time" : "too late"), the answer was \(answer)"
            )
        }
        try await look(after: .settle(lease.id, outcome))
        guard isHeld else { return counts.leaseLosses += 1 }
        counts.settlements += 1
        if case .spawned(_, let children) = outcome, !children.isEmpty { counts.children += 1 }
        guard world.known[lease.executionID]?.status != .running else {
            throw ExpectedWorld.Violation(what: "\(lease.executionID) was settled and still runs")
        }
    }

    private func release(_ lease: Lease) async throws {
        _ = try await storage.settle([ExecutionStateMachine.release(of: lease.id)])
        try await look(after: .settle(lease.id, nil))
    }

    private func settleLate() async throws {
        guard !stale.isEmpty else { return try await settle() }
        let lease = stale.remove(at: random.below(stale.count))
        try await settle(lease, outcome(for: lease))
    }

    /// A worker stops renewing, or retires with leases in its hands.
    private func loseWorker() async throws {
        let index = random.below(workers.count)
        let worker = workers[index]
        if !held.contains(where: { isHeld($0.id) && world.known[$0.executionID]?.workerID == worker }) {
            try await lease(worker)
        }
        workers.remove(at: index)
        world.alive.remove(worker)
        let lost = held.filter { world.known[$0.executionID]?.workerID == worker }
        held.removeAll { world.known[$0.executionID]?.workerID == worker }
        stale += lost
        if stale.count > 12 { stale.removeFirst(stale.count - 12) }
        // Some come back to settle before anybody has noticed.
        if random.oneIn(8) { return try await addWorker() }
        if random.oneIn(2) {
            try await storage.retire(worker)
        } else {
            try await subject.advanceClock(milliseconds: 600)
            try await renew()
            try await subject.advanceClock(milliseconds: 600)
            try await renew()
        }
        try await addWorker()
        let expected = lost.contains { isHeld($0.id) }
        let progress = try await reclaim()
        if expected, progress.count == 0 {
            throw ExpectedWorld.Violation(what: "the leases of \(worker) were not taken back")
        }
        if progress.count > 0 { counts.leaseLosses += 1 }
    }

    @discardableResult
    private func reclaim() async throws -> Progress {
        let progress = try await storage.reclaim(limit: 1000, maxLeaseLosses: 6)
        try await look(after: .reclaim)
        return progress
    }

    // MARK: Upkeep

    private func advance() async throws {
        let limit = isExhaustive || random.oneIn(3) ? 1000 : 1 + random.below(3)
        if try await advance(limit: limit) { counts.children += 1 }
    }

    private func advance(limit: Int) async throws -> Bool {
        // What one pass does and what the next is a storage's own business.
        var progress: Progress
        repeat {
            progress = try await storage.advance(limit: limit)
        } while isExhaustive && (progress.count > 0 || progress.isMore)
        return try await look(after: .advance)
    }

    /// The clock jumps, deadlines pass.
    private func jump() async throws {
        try await subject.advanceClock(milliseconds: Double(random.below(400)))
        if random.oneIn(10) {
            // Nobody has renewed for long: everybody is as good as dead.
            try await subject.advanceClock(milliseconds: 10_000)
            stale = Array((stale + held).suffix(12))
            held = []
            workers = []
            world.alive = []
            for _ in 0..<2 { try await addWorker() }
            renewedAt = subject.now
            try await reclaim()
        }
        try await expire()
    }

    private func expire() async throws {
        let progress = try await storage.expire(limit: 1000)
        try await look(after: .expire)
        if progress.count > 0 { counts.expiries += 1 }
        try world.checkDeadlines(now: subject.now)
    }

    // MARK: The end

    /// Faults stop: everything has to end.
    private func drain() async throws {
        stale = []
        held = []
        for worker in workers { try await storage.retire(worker) }
        workers = []
        world.alive = []
        try await addWorker()
        renewedAt = subject.now
        for _ in 0..<300 where world.unfinished.count > 0 {
            while try await advance(limit: 1000) {}
            try await lease(workers[0])
            while let lease = held.popLast() {
                if isHeld(lease.id) { try await settle(lease, goodOutcome(for: lease)) }
            }
            while try await advance(limit: 1000) {}
            while world.sleepers.count > 0 { try await wake(world.sleepers[0]) }
            try await subject.advanceClock(milliseconds: 50)
            try await expire()
            try await renew()
            try await reclaim()
        }
        _ = try await advance(limit: 1000)
        try world.checkEnd()
    }
}
