import DurableExecution
import Synchronization
import Testing

@Suite("Executors", .timeLimit(.minutes(1)))
struct ExecutorTests {
    @Test("Two executors on one storage share the work, and each execution runs once", arguments: Store.allCases)
    func together(_ store: Store) async throws {
        try await store.withStorage { storage in
            let signals = LocalSignals()
            func executor() -> DurableExecutor {
                DurableExecutor(storage: storage, signals: signals, configuration: .quick, logger: .silent)
            }
            let (one, two) = (executor(), executor())
            let runs = Mutex<[Int: Int]>([:])
            func register(_ executor: DurableExecutor) throws -> DurableTask<Int, Int> {
                try executor.task("square", timeout: .seconds(5)) { (n: Int) in
                    runs.withLock { $0[n, default: 0] += 1 }
                    return n * n
                }
            }
            let square = try register(one)
            _ = try register(two)
            try await run(one) {
                try await run(two) {
                    var handles: [ExecutionHandle<Int>] = []
                    for n in 0..<50 { handles.append(try await one.enqueue(square, n)) }
                    for (n, handle) in handles.enumerated() {
                        let output = try await handle.wait().output
                        #expect(output == n * n)
                    }
                }
            }
            #expect(runs.withLock { $0.count } == 50)
            #expect(runs.withLock { $0.values.allSatisfy { $0 == 1 } })
        }
    }

    @Test(
        "Executors with different tasks each run their own; a parent's children run where their task is",
        arguments: Store.allCases
    )
    func apart(_ store: Store) async throws {
        try await store.withStorage { storage in
            let signals = LocalSignals()
            let front = DurableExecutor(storage: storage, signals: signals, configuration: .quick, logger: .silent)
            let back = DurableExecutor(storage: storage, signals: signals, configuration: .quick, logger: .silent)
            let parent = try front.parentTask("parent", timeout: .seconds(5)) { (n: Int, _) in
                Spawn(children: (0..<n).map { ChildTask("child", $0) })
            } finalize: { results in
                try results.outputs(of: "child", as: Int.self)
            }
            _ = try back.task("child", timeout: .seconds(5)) { (n: Int) in n * 10 }
            try await run(back) {
                try await run(front) {
                    // Definitions reach other processes by the storage, within a second.
                    let deadline = ContinuousClock.now.advanced(by: .seconds(20))
                    while true {
                        let execution = try await front.enqueue(parent, 3).wait()
                        if execution.error?.kind == .notFound, ContinuousClock.now < deadline { continue }
                        #expect(execution.output == [0, 10, 20])
                        break
                    }
                }
            }
        }
    }

    @Test("A thousand children on two executors complete, each output in its place")
    func manyChildren() async throws {
        let storage = InMemoryStorage()
        let signals = LocalSignals()
        func executor() throws -> (DurableExecutor, DurableTask<Int, [Int]>) {
            let executor = DurableExecutor(storage: storage, signals: signals, configuration: .quick, logger: .silent)
            let double = try executor.task("double", timeout: .seconds(5)) { (n: Int) in n * 2 }
            let parent = try executor.parentTask("parent", timeout: .seconds(30)) { (n: Int, _) in
                Spawn(children: (0..<n).map { double.child($0) })
            } finalize: { results in
                try results.outputs(of: double)
            }
            return (executor, parent)
        }
        let (one, parent) = try executor()
        let (two, _) = try executor()
        let output = try await run(one) {
            try await run(two) { try await one.enqueue(parent, 1000).wait().output }
        }
        #expect(output == (0..<1000).map { $0 * 2 })
    }

    @Test("A task that nobody here knows is refused, to enqueue and to read")
    func unserved() async throws {
        let executor = DurableExecutor(storage: InMemoryStorage(), logger: .silent)
        let foreign = try DurableExecutor(storage: InMemoryStorage(), logger: .silent).task(
            "foreign",
            timeout: .seconds(5)
        ) {}
        await #expect(throws: RequestError.taskNotFound("foreign")) { try await executor.enqueue(foreign) }
        let handle = executor.handle(for: foreign, ExecutionID(bits: 1))
        await #expect(throws: RequestError.taskNotFound("foreign")) { try await handle.execution() }
    }
}
