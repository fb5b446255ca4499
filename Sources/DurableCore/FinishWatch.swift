/// Lets any number of callers wait for executions to finish at the price of one look-up for all.
///
/// Looks for all when a ``Signal/finished`` comes in, and every half second while anybody waits; for those who begin to
/// wait at once. Says so with a ``Signal/watching``, at first and then every 15 s. Nobody waiting costs nothing.
/// One timer serves all who wait: a timer for each would keep its memory until its time has come.
package actor FinishWatch {
    private struct Waiter {
        let id: ExecutionID
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Execution?, Never>
        /// Whether no look has asked for it yet.
        var isNew = true
    }

    /// Whom a look is for.
    private enum Look {
        case newcomers
        case all
    }

    private let storage: any Storage
    private let signals: any Signals
    private var waiters: [Int: Waiter] = [:]
    private var nextWaiter = 0
    private var isLooking = false
    /// The look that comes next.
    private var pending: Look?

    private let clock = ContinuousClock()
    private var isTicking = false

    private static let tick = Duration.milliseconds(50)
    private static let ticksPerLook = 10
    private static let ticksPerSign = 300
    /// How many executions one look-up asks for, and how many it brings: an output may be megabytes.
    private static let batch = 1000
    private static let limit = 64

    package init(storage: any Storage, signals: any Signals) {
        self.storage = storage
        self.signals = signals
    }

    /// Looks when signals come in, until cancelled; then lets everybody go who waits.
    package func run() async {
        for await signal in signals.signals() where signal == .finished { await look(.all) }
        for number in waiters.keys { wake(number) }
    }

    /// Returns the execution when it has finished; `nil` when it is gone, when the time is up or when the caller is
    /// cancelled.
    package func wait(for id: ExecutionID, atMost timeout: Duration) async -> Execution? {
        let number = nextWaiter
        nextWaiter += 1
        let deadline = clock.now + timeout
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume(returning: nil) }
                waiters[number] = Waiter(id: id, deadline: deadline, continuation: continuation)
                // It may have finished just before: whoever begins to wait has a look taken.
                Task { await self.look(.newcomers) }
                startTicking()
            }
        } onCancel: {
            Task { await self.wake(number) }
        }
    }

    /// Ticks as long as anybody waits.
    private func startTicking() {
        guard !isTicking else { return }
        isTicking = true
        Task {
            var tick = 0
            while !waiters.isEmpty {
                if tick % Self.ticksPerSign == 0 { signals.send(.watching) }
                try? await Task.sleep(for: Self.tick)
                let now = clock.now
                for (number, waiter) in waiters where waiter.deadline <= now { wake(number) }
                tick += 1
                if tick % Self.ticksPerLook == 0 { await look(.all) }
            }
            isTicking = false
        }
    }

    private func wake(_ number: Int, with execution: Execution? = nil) {
        waiters.removeValue(forKey: number)?.continuation.resume(returning: execution)
    }

    /// One look at a time; what asks for another meanwhile gets one more for all.
    private func look(_ look: Look) async {
        if pending != .all { pending = look }
        guard !isLooking else { return }
        isLooking = true
        while let look = pending {
            pending = nil
            await lookOnce(look)
        }
        isLooking = false
    }

    private func lookOnce(_ look: Look) async {
        var asked: [ExecutionID: [Int]] = [:]
        for (number, waiter) in waiters where look == .all || waiter.isNew {
            waiters[number]?.isNew = false
            asked[waiter.id, default: []].append(number)
        }
        let ids = Array(asked.keys)
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            var open = Set(ids[start..<min(start + Self.batch, ids.count)])
            var isMore = true
            while isMore {
                // A storage that is away is asked again by the next look.
                let settled = (try? await storage.settled(among: Array(open), limit: Self.limit)) ?? [:]
                for (id, execution) in settled {
                    for number in asked[id] ?? [] { wake(number, with: execution) }
                    open.remove(id)
                }
                isMore = settled.count == Self.limit && !open.isEmpty
            }
        }
    }
}
