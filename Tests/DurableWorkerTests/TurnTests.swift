import DurableCore
import DurableTestKit
import DurableWorker
import Logging
import Synchronization
import Testing

@Suite("A worker's turns with the storage", .timeLimit(.minutes(1)))
struct TurnTests {
    private static let task = TaskDefinition(id: "task", options: TaskOptions(timeoutMs: 60_000))

    /// Makes attempts that end when the test says so.
    private struct Attempts: Invoker {
        let begun = Atomics()
        let gate: Gate

        func invoke(_ attempt: Attempt) async -> Outcome {
            begun.increment()
            await gate.pass()
            return .completed(Payload(json: "1"))
        }
    }

    private final class Atomics: Sendable {
        private let count = Atomic(0)

        var value: Int { count.load(ordering: .relaxed) }

        func increment() { count.wrappingAdd(1, ordering: .relaxed) }
    }

    private final class Clock: Sendable {
        private let start = ContinuousClock.now

        var now: Timestamp {
            Timestamp(microseconds: Int64((ContinuousClock.now - start) / .microseconds(1)))
        }
    }

    /// Runs a worker with so many slots over so many executions.
    private func withWorker(
        concurrency: Int,
        executions count: Int,
        gate: Gate = Gate(),
        _ body: (TurnStorage, [ExecutionID], Atomics) async throws -> Void
    ) async throws {
        let clock = Clock()
        let storage = TurnStorage(InMemoryStorage { clock.now })
        let new = try (0..<count).map { _ in try NewExecution(of: Self.task, input: .undefined) }
        let ids = try await storage.insert(new).map(\.executionID)
        let attempts = Attempts(gate: gate)
        let signals = LocalSignals()
        let worker = Worker(
            storage: storage,
            signals: signals,
            catalog: TaskCatalog(storage: storage, own: [Self.task]),
            tasks: WorkerTasks([RegisteredTask(definition: Self.task, invoker: attempts)]),
            configuration: WorkerConfiguration(name: "test", concurrency: concurrency, drain: .seconds(5)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { try await worker.run() }
        do {
            try await body(storage, ids, attempts.begun)
        } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        _ = await running.result
    }

    private func completed(_ storage: TurnStorage, _ ids: [ExecutionID]) async throws -> Int {
        try await storage.executions(ids).values.count { $0.status == .completed }
    }

    @Test("what ends while a turn is on its way is recorded by the next one, all at once")
    func batches() async throws {
        let (ending, turn) = (Gate(), Gate())
        try await withWorker(concurrency: 20, executions: 20, gate: ending) { storage, ids, begun in
            try await eventually { begun.value == 20 }
            storage.hold(at: turn)
            let before = storage.calls.count
            ending.open()
            try await eventually { turn.waiting == 1 }
            turn.open()
            try await eventually { try await completed(storage, ids) == 20 }
            let recorded = storage.calls.dropFirst(before).compactMap { call in
                switch call {
                case .settle(let count), .settleAndLease(let count, _): count
                case .lease, .giveBack: nil
                }
            }
            // One that was held up, and one for everything that had ended by then; a straggler may need a third.
            #expect(recorded.reduce(0, +) == 20 && recorded.count <= 3)
        }
    }

    @Test("a busy worker records and leases in one call, and fills every slot that has become free")
    func exchanges() async throws {
        let ending = Gate()
        ending.open()
        try await withWorker(concurrency: 10, executions: 200, gate: ending) { storage, ids, begun in
            try await eventually { try await completed(storage, ids) == 200 }
            let apart = storage.calls.count { call in
                switch call {
                case .lease, .settle: true
                case .settleAndLease, .giveBack: false
                }
            }
            // The first request has nothing to record, the last results nothing to lease for; between them a slot may be
            // free a moment before its result is there.
            #expect(apart < storage.calls.count / 2)
            #expect(begun.value == 200)
            for case .settleAndLease(_, let limit) in storage.calls { #expect(limit <= 10) }
        }
    }

    @Test("a turn that fails is taken again: nothing is lost, and nothing runs twice", arguments: [0, 1, 2, 5])
    func lostTurns(_ turns: Int) async throws {
        let ending = Gate()
        try await withWorker(concurrency: 5, executions: 50, gate: ending) { storage, ids, begun in
            try await eventually { begun.value == 5 }
            storage.answer(with: Array(repeating: .lost, count: turns))
            ending.open()
            try await eventually { try await completed(storage, ids) == 50 }
            #expect(begun.value == 50)
        }
    }

    @Test("leases whose answer was lost are given back before more are taken")
    func unheardLeases() async throws {
        let ending = Gate()
        try await withWorker(concurrency: 5, executions: 50, gate: ending) { storage, ids, begun in
            try await eventually { begun.value == 5 }
            storage.answer(with: [.unheard])
            ending.open()
            try await eventually { try await completed(storage, ids) == 50 }
            #expect(storage.calls.contains(.giveBack))
            // Each ran once: what was given back had not begun.
            #expect(begun.value == 50)
        }
    }

    @Test("a result that the storage refuses fails its execution, once, and does not take its neighbours with it")
    func refusedResult() async throws {
        let ending = Gate()
        try await withWorker(concurrency: 10, executions: 30, gate: ending) { storage, ids, begun in
            try await eventually { begun.value == 10 }
            storage.refuse(ids[3])
            ending.open()
            try await eventually { try await storage.executions(ids).values.allSatisfy(\.status.isFinished) }
            #expect(try await completed(storage, ids) == 29)
            let refused = try await storage.executions([ids[3]])[ids[3]]
            #expect(refused?.status == .failed)
            #expect(refused?.error?.message == "The result of the attempt could not be stored")
            #expect(begun.value == 30)
        }
    }
}
