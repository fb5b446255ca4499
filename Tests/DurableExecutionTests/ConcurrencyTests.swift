import DurableExecution
import Testing

@Suite("How much an executor takes on", .timeLimit(.minutes(1)))
struct ConcurrencyTests {
    private static func configuration(concurrency: Int) -> ExecutorConfiguration {
        var configuration = ExecutorConfiguration.quick
        configuration.concurrency = concurrency
        return configuration
    }

    @Test(
        "No more attempts run at once than an executor may make; the rest follow as it has room",
        arguments: Store.allCases
    )
    func limit(_ store: Store) async throws {
        try await withRunningExecutor(on: store, configuration: Self.configuration(concurrency: 3)) { executor in
            let (started, gate, crowd) = (Tally(), Tally(), Crowd())
            let task = try executor.task("task", timeout: .seconds(30)) {
                try await crowd.join {
                    started.increment()
                    try await gate.reach(1)
                }
            }
            var handles: [ExecutionHandle<Void>] = []
            for _ in 0..<5 { handles.append(try await executor.enqueue(task)) }
            try await started.reach(3)
            var statuses: [ExecutionStatus] = []
            for handle in handles { statuses.append(try await handle.execution().status) }
            #expect(statuses.filter { $0 == .running }.count == 3)
            #expect(statuses.filter { $0 == .ready }.count == 2)
            gate.increment()
            for handle in handles {
                let execution = try await handle.wait()
                #expect(execution.status == .completed)
            }
            #expect(crowd.most == 3)
        }
    }

    @Test("What a full executor leaves is run by another that has room", arguments: Store.allCases)
    func overflow(_ store: Store) async throws {
        try await store.withStorage { storage in
            let signals = LocalSignals()
            func executor() -> DurableExecutor {
                DurableExecutor(
                    storage: storage,
                    signals: signals,
                    configuration: Self.configuration(concurrency: 1),
                    logger: .silent
                )
            }
            let (full, other) = (executor(), executor())
            let (started, gate) = (Tally(), Tally())
            let long = try full.task("long", timeout: .seconds(30)) {
                started.increment()
                try await gate.reach(1)
            }
            let short = try full.task("short", timeout: .seconds(5)) { "full" }
            _ = try other.task("short", timeout: .seconds(5)) { "other" }
            try await run(full) {
                let blocked = try await full.enqueue(long)
                try await started.reach(1)
                var handles: [ExecutionHandle<String>] = []
                for _ in 0..<3 { handles.append(try await full.enqueue(short)) }
                try await run(other) {
                    for handle in handles {
                        let execution = try await handle.wait()
                        #expect(execution.output == "other")
                    }
                }
                let meanwhile = try await blocked.execution()
                #expect(meanwhile.status == .running)
                gate.increment()
                let end = try await blocked.wait()
                #expect(end.status == .completed)
            }
        }
    }

    @Test("An executor takes as many as it has room for, be it one or all")
    func room() async throws {
        try await withRunningExecutor(configuration: Self.configuration(concurrency: 4)) { executor in
            let (started, gate) = (Tally(), Tally())
            let long = try executor.task("long", timeout: .seconds(30)) {
                started.increment()
                try await gate.reach(1)
            }
            let crowd = Crowd()
            let short = try executor.task("short", timeout: .seconds(5)) {
                await crowd.join { await Task.yield() }
            }
            for _ in 0..<3 { _ = try await executor.enqueue(long) }
            try await started.reach(3)
            for _ in 0..<10 { _ = try await executor.enqueue(short).wait() }
            var handles: [ExecutionHandle<Void>] = []
            for _ in 0..<10 { handles.append(try await executor.enqueue(short)) }
            for handle in handles { _ = try await handle.wait() }
            #expect(crowd.most == 1)

            gate.increment()
            let together = Tally()
            let four = try executor.task("four", timeout: .seconds(30)) {
                together.increment()
                // Nobody gets further before four are here.
                try await together.reach(4)
            }
            var quartet: [ExecutionHandle<Void>] = []
            for _ in 0..<4 { quartet.append(try await executor.enqueue(four)) }
            for handle in quartet {
                let execution = try await handle.wait()
                #expect(execution.status == .completed)
            }
        }
    }

    @Test("Sleepers, and parents that wait for their children, take no room")
    func waiting() async throws {
        try await withRunningExecutor(configuration: Self.configuration(concurrency: 1)) { executor in
            let sleeper = try executor.sleepingTask("sleeper", timeout: .seconds(60))
            let asleep = try await executor.enqueue(sleeper, "name")
            let leaf = try executor.task("leaf", timeout: .seconds(5)) { 1 }
            let middle = try executor.parentTask("middle", timeout: .seconds(5)) { _ in
                Spawn(children: [leaf.child(), leaf.child()])
            } finalize: { results in
                try results.outputs(of: leaf).reduce(0, +)
            }
            let top = try executor.parentTask("top", timeout: .seconds(5)) { _ in
                Spawn(children: [middle.child(), middle.child()])
            } finalize: { results in
                try results.outputs(of: middle).reduce(0, +)
            }
            let execution = try await executor.enqueue(top).wait()
            #expect(execution.output == 4)
            let meanwhile = try await asleep.execution()
            #expect(meanwhile.status == .running)
        }
    }

    @Test("A concurrency below 1 counts as 1", arguments: [0, -1])
    func least(_ concurrency: Int) async throws {
        try await withRunningExecutor(configuration: Self.configuration(concurrency: concurrency)) { executor in
            let crowd = Crowd()
            let task = try executor.task("task", timeout: .seconds(5)) {
                await crowd.join { await Task.yield() }
            }
            var handles: [ExecutionHandle<Void>] = []
            for _ in 0..<5 { handles.append(try await executor.enqueue(task)) }
            for handle in handles {
                let execution = try await handle.wait()
                #expect(execution.status == .completed)
            }
            #expect(crowd.most == 1)
        }
    }
}
