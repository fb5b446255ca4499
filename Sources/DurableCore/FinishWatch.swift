/// Lets any number of callers wait for executions to finish at the price of one look-up for all.
///
/// Looks for all when a ``Signal/finished`` comes in, and every half second while anybody waits; for those who begin to
/// wait at once. Says so with a ``Signal/watching``, at first and then every 15 s. Nobody waiting costs nothing.
/// One timer serves all who wait: a timer for each would keep its memory until its time has come.
package actor FinishWatch {
    private struct Waiter {
        let id: ExecutionID
        let deadline: ContinuousClock.Instant
        let continuation: CheckedContinuation<Void, Never>
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
    /// How many executions one look-up asks for.
    private static let batch = 1000

    package init(storage: any Storage, signals: any Signals) {
        self.storage = storage
        self.signals = signals
    }

    /// Looks when signals come in, until cancelled; then lets everybody go who waits.
    package func run() async {
        for await signal in signals.signals() where signal == .finished { await look(.all) }
        for waiter in waiters.values { waiter.continuation.resume() }
        waiters = [:]
    }

    /// Returns when the execution has finished or is gone, when the time is up or when the caller is cancelled;
    /// which of them, the caller sees when it reads the execution.
    package func wait(for id: ExecutionID, atMost timeout: Duration) async {
        let number = nextWaiter
        nextWaiter += 1
        let deadline = clock.now + timeout
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume() }
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

    private func wake(_ number: Int) {
        waiters.removeValue(forKey: number)?.continuation.resume()
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
        let asked = waiters.filter { look == .all || $0.value.isNew }
        for number in asked.keys { waiters[number]?.isNew = false }
        let ids = Array(Set(asked.values.map(\.id)))
        var settled: Set<ExecutionID> = []
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            let slice = Array(ids[start..<min(start + Self.batch, ids.count)])
            // A storage that is away is asked again by the next look.
            if let found = try? await storage.settled(among: slice) { settled.formUnion(found) }
        }
        guard !settled.isEmpty else { return }
        for (number, waiter) in waiters where settled.contains(waiter.id) { wake(number) }
    }
}
