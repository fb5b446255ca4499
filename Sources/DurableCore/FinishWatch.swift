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
    /// When everybody is told again that somebody waits.
    private var nextSign: ContinuousClock.Instant

    private static let tick = Duration.milliseconds(50)
    private static let ticksPerLook = 10
    private static let signInterval = Duration.seconds(15)
    /// How many executions one look-up asks for, and how many it brings: an output may be megabytes.
    private static let batch = 1000
    private static let limit = 64

    package init(storage: any Storage, signals: any Signals) {
        self.storage = storage
        self.signals = signals
        nextSign = clock.now
    }

    /// Looks when signals come in, until cancelled; then lets everybody go who waits.
    package func run() async {
        for await signal in signals.signals() where signal == .finished { await look() }
        for number in waiters.keys { conclude(number, with: nil) }
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
            Task { await self.conclude(number, with: nil) }
        }
    }

    private func conclude(_ number: Int, with execution: Execution?) {
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
                sign()
                try? await Task.sleep(for: Self.tick)
                let now = clock.now
                for (number, waiter) in waiters where waiter.deadline <= now { conclude(number, with: nil) }
                tick += 1
                if tick % Self.ticksPerLook == 0 { await look() }
            }
            isTicking = false
        }
    }

    private func sign() {
        let now = clock.now
        guard now >= nextSign else { return }
        nextSign = now + Self.signInterval
        signals.send(.watching)
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
        var asked: [ExecutionID: [Int]] = [:]
        for (number, waiter) in waiters {
            if case .over = waiter.place { continue }
            asked[waiter.id, default: []].append(number)
        }
        let ids = Array(asked.keys)
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            var open = Set(ids[start..<min(start + Self.batch, ids.count)])
            var isMore = true
            while isMore {
                let settled = await settled(among: Array(open))
                for (id, execution) in settled {
                    for number in asked[id] ?? [] { conclude(number, with: execution) }
                    open.remove(id)
                }
                isMore = settled.count == Self.limit && !open.isEmpty
            }
        }
    }

    /// Those of the executions that nobody need wait for any more.
    private func settled(among ids: [ExecutionID]) async -> [ExecutionID: Execution?] {
        do {
            return try await storage.settled(among: ids, limit: Self.limit)
        } catch {
            // A storage that is away is asked again by the next look. When it is about one of them, each of those who wait
            // finds out when it reads its own.
            return error.isTransient ? [:] : Dictionary(uniqueKeysWithValues: ids.map { ($0, nil) })
        }
    }
}
