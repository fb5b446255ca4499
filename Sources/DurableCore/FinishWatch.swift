/// Lets any number of callers wait for executions to finish at the price of one look-up for all.
///
/// Looks when a ``Signal/finished`` comes in, and every half second while anybody waits. Says so with a
/// ``Signal/watching``, at first and then every 15 s. Nobody waiting costs nothing. One timer serves all who wait: a timer
/// for each would keep its memory until its time has come.
package actor FinishWatch {
    /// Somebody's place among those who wait.
    package struct Waiter: Sendable {
        fileprivate let number: Int
    }

    private enum Place {
        /// Waits, but does not listen yet.
        case reserved
        case listening(CheckedContinuation<Execution?, Never>)
        /// Over before anybody listened.
        case over(Execution?)
    }

    private struct Waiting {
        let id: ExecutionID
        let deadline: ContinuousClock.Instant
        var place = Place.reserved
    }

    private let storage: any Storage
    private let signals: any Signals
    private var waiters: [Int: Waiting] = [:]
    private var nextWaiter = 0
    private var isLooking = false
    private var mustLook = false

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
        for await signal in signals.signals() where signal == .finished { await look() }
        for number in waiters.keys { end(number, with: nil) }
    }

    // MARK: Waiting

    /// Begins to wait for an execution.
    ///
    /// Whoever reads the execution after that misses no end: it had ended then, or ``end(of:)`` tells. Each waiter is to be
    /// asked for its ``end(of:)``, or to ``leave(_:)``.
    package func enter(_ id: ExecutionID, atMost timeout: Duration) -> Waiter {
        nextWaiter += 1
        waiters[nextWaiter] = Waiting(id: id, deadline: clock.now + timeout)
        startTicking()
        return Waiter(number: nextWaiter)
    }

    package func leave(_ waiter: Waiter) {
        waiters[waiter.number] = nil
    }

    /// Returns the execution when it has finished; `nil` when it is gone, when the time is up or when the caller is
    /// cancelled.
    package func end(of waiter: Waiter) async -> Execution? {
        let number = waiter.number
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                switch waiters[number]?.place {
                case .reserved? where !Task.isCancelled:
                    waiters[number]?.place = .listening(continuation)
                case .over(let execution)?:
                    waiters[number] = nil
                    continuation.resume(returning: execution)
                case .reserved?, .listening?, nil:
                    waiters[number] = nil
                    continuation.resume(returning: nil)
                }
            }
        } onCancel: {
            Task { await self.end(number, with: nil) }
        }
    }

    private func end(_ number: Int, with execution: Execution?) {
        switch waiters[number]?.place {
        case .listening(let continuation)?:
            waiters[number] = nil
            continuation.resume(returning: execution)
        case .reserved?:
            waiters[number]?.place = .over(execution)
        case .over?, nil:
            break
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
                for (number, waiter) in waiters where waiter.deadline <= now { end(number, with: nil) }
                tick += 1
                if tick % Self.ticksPerLook == 0 { await look() }
            }
            isTicking = false
        }
    }

    // MARK: Looking

    /// One look at a time; what asks for another meanwhile gets one more.
    private func look() async {
        mustLook = true
        guard !isLooking else { return }
        isLooking = true
        while mustLook {
            mustLook = false
            await lookOnce()
        }
        isLooking = false
    }

    private func lookOnce() async {
        let asked = Dictionary(grouping: waiters.keys) { waiters[$0]?.id }
        let ids = asked.keys.compactMap(\.self)
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            var open = Set(ids[start..<min(start + Self.batch, ids.count)])
            var isMore = true
            while isMore {
                // A storage that is away is asked again by the next look.
                let settled = (try? await storage.settled(among: Array(open), limit: Self.limit)) ?? [:]
                for (id, execution) in settled {
                    for number in asked[id] ?? [] { end(number, with: execution) }
                    open.remove(id)
                }
                isMore = settled.count == Self.limit && !open.isEmpty
            }
        }
    }
}
