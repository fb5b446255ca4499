import DurableCore
import DurableTestKit
import Synchronization
import Testing

@Suite("Gathering concurrent calls into batches", .timeLimit(.minutes(1)))
struct GathererTests {
    private typealias Doubling = Gatherer<Int, Int>

    private static func limits(_ change: (inout GatheringLimits) -> Void = { _ in }) -> GatheringLimits {
        var limits = GatheringLimits()
        limits.batches = 1
        limits.worthwhile = 1
        limits.patience = .seconds(60)
        change(&limits)
        return limits
    }

    /// Runs the body with a gatherer of which one batch, the item 0, is in flight and held up.
    private static func withBatchInFlight(
        _ change: (inout GatheringLimits) -> Void = { _ in },
        _ body: @Sendable (Doubling, HeldWork) async throws -> Void
    ) async throws {
        let work = HeldWork()
        let gatherer = Doubling(limits(change), work: work.perform)
        async let first = gatherer.submit(0)
        try await eventually { work.held == 1 }
        try await body(gatherer, work)
        work.letGo()
        let answer = try await first
        #expect(answer == 0)
    }

    @Test("who comes alone is served alone and at once")
    func alone() async throws {
        let work = HeldWork(isHeld: false)
        let gatherer = Doubling(Self.limits(), work: work.perform)
        for item in 1...3 {
            let answer = try await gatherer.submit(item)
            #expect(answer == 2 * item)
        }
        #expect(work.batches == [[1], [2], [3]])
    }

    @Test("who comes while a batch is in flight goes with the next, and each gets their own answer")
    func together() async throws {
        try await Self.withBatchInFlight { gatherer, work in
            try await withThrowingTaskGroup { group in
                for item in 1...100 { group.addTask { (item, try await gatherer.submit(item)) } }
                try await eventually { gatherer.waitingCount == 100 }
                work.letGo()
                for try await (item, answer) in group { #expect(answer == 2 * item) }
            }
            #expect(work.batches.map { $0.sorted() } == [[0], Array(1...100)])
        }
    }

    @Test("no more batches are in flight at once than may be")
    func inFlight() async throws {
        let work = HeldWork()
        let gatherer = Doubling(Self.limits { $0.batches = 2 }, work: work.perform)
        try await withThrowingTaskGroup { group in
            group.addTask { try await gatherer.submit(1) }
            try await eventually { work.held == 1 }
            group.addTask { try await gatherer.submit(2) }
            try await eventually { work.held == 2 }
            for item in 3...9 { group.addTask { try await gatherer.submit(item) } }
            try await eventually { gatherer.waitingCount == 7 }
            work.letGo()
            try await group.waitForAll()
        }
        #expect(work.mostAtOnce == 2)
        #expect(work.batches.count == 3)
    }

    @Test("a batch begins beside those in flight only when enough wait for it")
    func worthwhile() async throws {
        let work = HeldWork()
        let gatherer = Doubling(
            Self.limits {
                $0.batches = 2
                $0.worthwhile = 4
            },
            work: work.perform
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await gatherer.submit(0) }
            try await eventually { work.held == 1 }
            for item in 1...3 { group.addTask { try await gatherer.submit(item) } }
            try await eventually { gatherer.waitingCount == 3 }
            #expect(work.held == 1)
            group.addTask { try await gatherer.submit(4) }
            try await eventually { work.held == 2 }
            work.letGo()
            try await group.waitForAll()
        }
        #expect(work.batches.map { $0.sorted() } == [[0], [1, 2, 3, 4]])
    }

    @Test("a batch is no larger than may be, and what is too large for any goes alone")
    func size() async throws {
        try await Self.withBatchInFlight {
            $0.count = 3
            $0.bytes = 100
        } _: { gatherer, work in
            try await withThrowingTaskGroup { group in
                for (item, bytes) in [(1, 1), (2, 1), (3, 1), (4, 60), (5, 60), (6, 1000), (7, 1)] {
                    group.addTask { try await gatherer.submit(item, bytes: bytes) }
                    try await eventually { gatherer.waitingCount == item }
                }
                work.letGo()
                try await group.waitForAll()
            }
            #expect(work.batches == [[0], [1, 2, 3], [4], [5], [6], [7]])
        }
    }

    // MARK: What fails

    @Test("what is refused for itself fails alone, wherever it stands", arguments: [[1], [57], [100], [3, 4, 99]])
    func poison(poisoned: Set<Int>) async throws {
        try await Self.withBatchInFlight { gatherer, work in
            work.poison(poisoned)
            try await withThrowingTaskGroup { group in
                for item in 1...100 {
                    group.addTask {
                        do throws(StorageError) {
                            let answer = try await gatherer.submit(item)
                            #expect(answer == 2 * item && !poisoned.contains(item))
                        } catch {
                            #expect(poisoned.contains(item) && error == .rejected(reason: "poison"))
                        }
                    }
                }
                try await eventually { gatherer.waitingCount == 100 }
                work.letGo()
                try await group.waitForAll()
            }
            // One for item 0, one for all, and two for each halving on the way to each culprit.
            #expect(work.batches.count <= 2 + 14 * poisoned.count)
        }
    }

    @Test("a storage that is away is asked once for all", arguments: [false, true])
    func away(isFoundWhileHalving: Bool) async throws {
        let error = StorageError.unavailable(reason: "gone")
        try await Self.withBatchInFlight { gatherer, work in
            work.fail(with: error, after: isFoundWhileHalving ? 1 : 0)
            if isFoundWhileHalving { work.poison([1]) }
            try await withThrowingTaskGroup { group in
                for item in 1...100 {
                    group.addTask { await #expect(throws: error) { try await gatherer.submit(item) } }
                }
                try await eventually { gatherer.waitingCount == 100 }
                work.letGo()
                try await group.waitForAll()
            }
            #expect(work.batches.count == (isFoundWhileHalving ? 3 : 2))
            work.fail(with: nil, after: 0)
            work.poison([])
            let answer = try await gatherer.submit(7)
            #expect(answer == 14)
        }
    }

    @Test("work that answers too few fails its batch, and nobody waits for ever")
    func tooFew() async throws {
        let gatherer = Doubling(Self.limits()) { _ throws(StorageError) in [] }
        await #expect(throws: StorageError.self) { try await gatherer.submit(1) }
    }

    // MARK: What finds no room or no time

    @Test("what finds no room is refused at once and never sent; there is room again afterwards")
    func noRoom() async throws {
        try await Self.withBatchInFlight {
            $0.waitingCount = 3
            $0.waitingBytes = 1000
        } _: { gatherer, work in
            try await withThrowingTaskGroup { group in
                group.addTask { try await gatherer.submit(1, bytes: 900) }
                try await eventually { gatherer.waitingCount == 1 }
                await expectUnavailable { try await gatherer.submit(2, bytes: 101) }
                for item in 3...4 { group.addTask { try await gatherer.submit(item) } }
                try await eventually { gatherer.waitingCount == 3 }
                await expectUnavailable { try await gatherer.submit(5) }
                work.letGo()
                try await group.waitForAll()
            }
            #expect(work.batches.map { $0.sorted() } == [[0], [1, 3, 4]])
            let answer = try await gatherer.submit(6, bytes: 1000)
            #expect(answer == 12)
        }
    }

    @Test("who waits for too long is let go and never sent, while the batch in flight goes on")
    func patience() async throws {
        try await Self.withBatchInFlight {
            $0.patience = .seconds(1)
        } _: { gatherer, work in
            await withTaskGroup { group in
                for item in 1...50 {
                    group.addTask { await expectUnavailable { try await gatherer.submit(item) } }
                }
            }
            #expect(gatherer.waitingCount == 0)
            await expectUnavailable { try await gatherer.submit(51) }
            work.letGo()
            let answer = try await gatherer.submit(52)
            #expect(answer == 104)
            #expect(work.batches == [[0], [52]])
        }
    }

    private func expectUnavailable(_ call: () async throws -> Int) async {
        await #expect {
            _ = try await call()
        } throws: { error in
            (error as? StorageError)?.isTransient == true
        }
    }

    // MARK: Who is cancelled

    @Test("who is cancelled before their batch has begun is let go at once and never sent")
    func cancelledWaiting() async throws {
        try await Self.withBatchInFlight { gatherer, work in
            let cancelled = Task { try await gatherer.submit(1) }
            try await eventually { gatherer.waitingCount == 1 }
            async let stays = gatherer.submit(2)
            try await eventually { gatherer.waitingCount == 2 }
            cancelled.cancel()
            await expectUnavailable { try await cancelled.value }
            #expect(gatherer.waitingCount == 1)

            let never = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await gatherer.submit(3)
            }
            await expectUnavailable { try await never.value }
            work.letGo()
            let answer = try await stays
            #expect(answer == 4)
            #expect(work.batches == [[0], [2]])
        }
    }

    @Test("who is cancelled while their batch is in flight is let go at once; the others get their answers")
    func cancelledInFlight() async throws {
        let work = HeldWork()
        let gatherer = Doubling(Self.limits(), work: work.perform)
        async let first = gatherer.submit(0)
        try await eventually { work.held == 1 }
        let cancelled = Task { try await gatherer.submit(1) }
        async let stays = gatherer.submit(2)
        try await eventually { gatherer.waitingCount == 2 }
        work.letGoOnce()
        try await eventually { work.held == 1 && work.batches.count == 2 }
        cancelled.cancel()
        do {
            _ = try await cancelled.value
            Issue.record("a cancelled call was answered")
        } catch {
            #expect("\(error)".contains("whether it took effect is unknown"))
        }
        work.letGo()
        let answers = try await (first, stays)
        #expect(answers == (0, 4))
    }

    @Test("however many are cancelled at whatever time, everybody is let go exactly once and the others are answered")
    func crowd() async throws {
        let work = HeldWork(isHeld: false)
        let gatherer = Doubling(Self.limits { $0.batches = 2 }) { items throws(StorageError) in
            await Task.yield()
            return try await work.perform(items)
        }
        let answered = try await withThrowingTaskGroup(of: Bool.self) { group in
            for item in 0..<2000 {
                let call = Task { try await gatherer.submit(item) }
                if item % 3 == 0 {
                    group.addTask {
                        for _ in 0..<Int.random(in: 0..<4) { await Task.yield() }
                        call.cancel()
                        return false
                    }
                }
                group.addTask {
                    do {
                        let answer = try await call.value
                        #expect(answer == 2 * item)
                        return true
                    } catch {
                        #expect(item % 3 == 0)
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(answered >= 1333)
        #expect(gatherer.waitingCount == 0)
    }
}

/// Work that doubles, and that is held up until it is let go.
private final class HeldWork: Sendable {
    private struct State {
        var isHeld: Bool
        var batches: [[Int]] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
        var atOnce = 0
        var mostAtOnce = 0
        var poisoned: Set<Int> = []
        var failure: StorageError?
        var batchesBeforeFailure = 0
    }

    private let state: Mutex<State>

    init(isHeld: Bool = true) {
        state = Mutex(State(isHeld: isHeld))
    }

    var batches: [[Int]] { state.withLock { $0.batches } }
    var held: Int { state.withLock { $0.waiting.count } }
    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }

    func poison(_ items: Set<Int>) { state.withLock { $0.poisoned = items } }

    /// - Parameter batches: How many batches that begin from now on still get through.
    func fail(with error: StorageError?, after batches: Int) {
        state.withLock { state in
            state.failure = error
            state.batchesBeforeFailure = state.batches.count + batches
        }
    }

    func letGo() { release(forGood: true) }
    func letGoOnce() { release(forGood: false) }

    private func release(forGood: Bool) {
        let waiting = state.withLock { state in
            if forGood { state.isHeld = false }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func perform(_ items: [Int]) async throws(StorageError) -> [Int] {
        let failure: StorageError? = state.withLock { state in
            state.batches.append(items)
            state.atOnce += 1
            state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
            if let failure = state.failure, state.batches.count > state.batchesBeforeFailure { return failure }
            return state.poisoned.isDisjoint(with: items) ? nil : .rejected(reason: "poison")
        }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHeld { state.waiting.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        state.withLock { $0.atOnce -= 1 }
        if let failure { throw failure }
        return items.map { 2 * $0 }
    }
}

/// Waits until the condition holds.
private func eventually(_ condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(1)) }
}
