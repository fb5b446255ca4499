import Synchronization

/// Merges what many ask a storage for at the same time into batches: while some are in flight, the next collects.
///
/// No timer decides when a batch begins, so an idle service batches nothing and adds no latency. Everybody is answered
/// after their own batch. When the storage refuses a batch for what is in it, it is halved until only what is refused by
/// itself fails. What waits is bounded in number, in bytes and in time; what finds no room is refused and never sent.
package final class Gatherer<Item: Sendable, Answer: Sendable>: Sendable {
    private typealias Caller = CheckedContinuation<Result<Answer, StorageError>, Never>

    private struct Waiting {
        let number: UInt64
        let item: Item
        let bytes: Int
        let since: ContinuousClock.Instant
    }

    private struct Batch {
        var numbers: [UInt64] = []
        var items: [Item] = []
    }

    private struct State {
        /// Those who have no answer yet, by number.
        ///
        /// Whoever has left is answered nothing.
        var callers: [UInt64: Caller] = [:]
        /// In the order in which they came.
        var waiting: [Waiting] = []
        var waitingBytes = 0
        var batches = 0
        /// Whether somebody looks at how long they wait.
        var isWatched = false
    }

    private let limits: GatheringLimits
    private let work: @Sendable ([Item]) async throws(StorageError) -> [Answer]
    private let state = Mutex(State())
    private let numbers = Atomic<UInt64>(0)
    private let clock = ContinuousClock()

    /// - Parameter work: Does it for all of a batch or for none, with one answer for each, in order.
    package init(
        _ limits: GatheringLimits = GatheringLimits(),
        work: @escaping @Sendable ([Item]) async throws(StorageError) -> [Answer]
    ) {
        self.limits = limits
        self.work = work
    }

    /// How many wait for a batch.
    package var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Has it done for one item, together with what others ask for.
    ///
    /// A caller that is cancelled is let go at once: before its batch has begun nothing is sent, afterwards it may have
    /// taken effect.
    ///
    /// - Parameter bytes: How much memory the item takes up.
    package func submit(_ item: Item, bytes: Int = 0) async throws(StorageError) -> Answer {
        let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                enter(Waiting(number: number, item: item, bytes: bytes, since: clock.now), caller)
                // The handler below may have run before there was anything to cancel.
                if Task.isCancelled { leave(number) }
            }
        } onCancel: {
            leave(number)
        }
        return try result.get()
    }

    // MARK: Callers

    private enum Admission {
        case refused
        /// A batch is to begin.
        case first
        /// Batches are in flight; somebody is to look how long that takes.
        case unwatched
        case collected
    }

    private func enter(_ waiting: Waiting, _ caller: Caller) {
        let admission = state.withLock { state in
            let bytes = state.waitingBytes + waiting.bytes
            guard state.waiting.count < limits.waitingCount, state.waiting.isEmpty || bytes <= limits.waitingBytes
            else {
                return Admission.refused
            }
            state.callers[waiting.number] = caller
            state.waiting.append(waiting)
            state.waitingBytes = bytes
            if state.batches < limits.batches, state.waiting.count >= state.batches * limits.worthwhile {
                state.batches += 1
                return .first
            }
            guard !state.isWatched else { return .collected }
            state.isWatched = true
            return .unwatched
        }
        switch admission {
        case .refused: caller.resume(returning: .failure(.noRoom))
        case .first: begin()
        case .unwatched: Task.detached { await self.watch() }
        case .collected: break
        }
    }

    private func leave(_ number: UInt64) {
        let (caller, wasWaiting) = state.withLock { state in
            let caller = state.callers.removeValue(forKey: number)
            let index = caller == nil ? nil : state.waiting.firstIndex { $0.number == number }
            if let index { state.waitingBytes -= state.waiting.remove(at: index).bytes }
            return (caller, index != nil)
        }
        caller?.resume(returning: .failure(wasWaiting ? .leftBefore : .leftMeanwhile))
    }

    /// Lets those go who have waited for too long, as long as anybody waits.
    private func watch() async {
        while let next = expire() {
            // Nobody cancels this task.
            try? await clock.sleep(until: next)
        }
    }

    /// Returns when the next runs out of patience; `nil` when nobody waits.
    private func expire() -> ContinuousClock.Instant? {
        let latest = clock.now - limits.patience
        let (callers, next) = state.withLock { state in
            let expired = state.waiting.prefix { $0.since <= latest }
            let callers = expired.compactMap { state.callers.removeValue(forKey: $0.number) }
            state.waitingBytes -= expired.reduce(0) { $0 + $1.bytes }
            state.waiting.removeFirst(expired.count)
            state.isWatched = !state.waiting.isEmpty
            return (callers, state.waiting.first.map { $0.since + limits.patience })
        }
        for caller in callers { caller.resume(returning: .failure(.notInTime)) }
        return next
    }

    // MARK: Batches

    /// Begins to serve: detached, since a batch belongs to all who are in it, not to the task of the one who came first; and
    /// where that is possible on this thread, since nothing is gained by waking another for the first steps.
    private func begin() {
        if #available(macOS 26, *) {
            Task.immediateDetached { await self.serve() }
        } else {
            Task.detached { await self.serve() }
        }
    }

    /// Serves one batch after the other until nobody waits.
    private func serve() async {
        while let batch = next() { await serve(batch) }
    }

    private func next() -> Batch? {
        state.withLock { state in
            var batch = Batch()
            var bytes = 0
            for waiting in state.waiting.prefix(limits.count) {
                guard batch.items.isEmpty || bytes + waiting.bytes <= limits.bytes else { break }
                batch.numbers.append(waiting.number)
                batch.items.append(waiting.item)
                bytes += waiting.bytes
            }
            state.waiting.removeFirst(batch.items.count)
            state.waitingBytes -= bytes
            guard batch.items.isEmpty else { return batch }
            state.batches -= 1
            return nil
        }
    }

    private func serve(_ batch: Batch) async {
        var parts = [batch.items.indices]
        while let part = parts.popLast() {
            do throws(StorageError) {
                let answers = try await work(Array(batch.items[part]))
                guard answers.count == part.count else {
                    // It has been done: not once more.
                    let error = StorageError.rejected(reason: "\(answers.count) answers to \(part.count) questions")
                    return fail(batch.numbers[part.lowerBound...], error)
                }
                answer(batch.numbers[part], answers.lazy.map { .success($0) })
            } catch {
                guard error.mayConcernSome else {
                    // What is away is away for the rest as well.
                    return fail(batch.numbers[part.lowerBound...], error)
                }
                guard part.count > 1 else {
                    fail(batch.numbers[part], error)
                    continue
                }
                let middle = part.lowerBound + part.count / 2
                parts += [middle..<part.upperBound, part.lowerBound..<middle]
            }
        }
    }

    private func fail(_ numbers: ArraySlice<UInt64>, _ error: StorageError) {
        answer(numbers, repeatElement(.failure(error), count: numbers.count))
    }

    private func answer(_ numbers: ArraySlice<UInt64>, _ results: some Sequence<Result<Answer, StorageError>>) {
        let callers = state.withLock { state in numbers.map { state.callers.removeValue(forKey: $0) } }
        for (caller, result) in zip(callers, results) { caller?.resume(returning: result) }
    }
}

extension StorageError {
    fileprivate static let noRoom = StorageError.unavailable(reason: "too many calls wait for the storage already")
    fileprivate static let notInTime = StorageError.unavailable(
        reason: "the storage was busy for too long; nothing was sent"
    )
    fileprivate static let leftBefore = StorageError.unavailable(reason: "the call was cancelled; nothing was sent")
    fileprivate static let leftMeanwhile = StorageError.unavailable(
        reason: "the call was cancelled; whether it took effect is unknown"
    )

    /// Whether some of a batch may be the cause, and the others may fare better without them.
    fileprivate var mayConcernSome: Bool {
        switch self {
        case .rejected, .idempotencyConflict, .sleeperConflict: true
        case .unavailable, .schemaMismatch: false
        }
    }
}
