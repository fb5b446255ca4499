import DurableClient
import DurableCore
import DurablePostgres
import DurableTestKit
import EmbeddedPostgres
import Foundation
import Synchronization
import Testing

@Suite("Faults, with real processes and real kills", .timeLimit(.minutes(4)), .serialized)
struct FaultTests {
    @Test("executions of a killed worker run elsewhere within two lease durations")
    func killedWorker() async throws {
        try await Deployment.with(answering: { request in
            request["durable-attempt"] == "1" ? .hang : request.plusOne
        }) { deployment in
            let doomed = try await deployment.startWorker(lease: 10)
            let ids = try await deployment.add1.enqueueMany((0..<20).map { .init(n: $0) })
            try await deployment.app.waitForRequests(20)
            try await deployment.startWorker(lease: 10)

            let clock = ContinuousClock()
            let killedAt = clock.now
            doomed.signal(SIGKILL)
            let executions = try await deployment.finished(ids, within: .seconds(60))
            #expect(clock.now - killedAt < .seconds(20))
            for execution in executions {
                #expect(execution.status == .completed && execution.retryAttempts == 0)
                #expect(execution.leaseLosses >= 1)
                #expect(execution.attempt == execution.leaseLosses + 1)
            }
        }
    }

    @Test("a worker that was stopped for longer than its lease cannot settle what others have run")
    func stoppedWorker() async throws {
        // The first attempt's answer comes when the test says so; later attempts answer at once.
        let (gate, open) = AsyncStream<Void>.makeStream()
        try await Deployment.with(answering: { request in
            guard request["durable-attempt"] == "1" else { return .json(#"{"json":{"n":200}}"#) }
            for await _ in gate {}
            return .json(#"{"json":{"n":100}}"#)
        }) { deployment in
            let stopped = try await deployment.startWorker(lease: 5)
            let id = try await deployment.add1.enqueue(.init(n: 1))
            try await deployment.app.waitForRequests(1)
            stopped.signal(SIGSTOP)
            open.finish()
            try await deployment.startWorker(lease: 5)
            let execution = try await deployment.add1.wait(id, timeout: .seconds(30))
            #expect(execution.output == .init(n: 200))

            stopped.signal(SIGCONT)
            try await eventually("the stopped worker learns that it was declared lost") {
                stopped.output.contains("registering anew") || stopped.output.contains("no longer held")
            }
            let final = try await deployment.execution(id)
            #expect(final.output == Payload(json: #"{"n":200}"#))
            #expect(final.attempt == 2 && final.leaseLosses == 1)
            #expect(deployment.app.requests.compactMap { $0["durable-attempt"] } == ["1", "2"])

            // It goes on under a new identity.
            let next = try await deployment.add1.enqueueMany((0..<20).map { .init(n: $0) })
            let executions = try await deployment.finished(next)
            #expect(executions.allSatisfy { $0.status == .completed })
        }
    }

    @Test("a task that kills its worker every time fails and says why")
    func crashLoop() async throws {
        let current = Mutex<DurableProcess?>(nil)
        try await Deployment.with(answering: { _ in
            current.withLock { $0 }?.signal(SIGKILL)
            return .hang
        }) { deployment in
            let id = try await deployment.add1.enqueue(.init(n: 1))
            for _ in 0..<3 {
                let worker = try deployment.start(["worker", "--lease-seconds", "1", "--max-lease-losses", "2"])
                current.withLock { $0 = worker }
                _ = await worker.exitCode()
            }
            current.withLock { $0 = nil }
            try await deployment.startWorker(lease: 1, "--max-lease-losses", "2")
            let execution = try await deployment.finished([id])[0]
            #expect(execution.status == .failed)
            #expect(execution.error == .leaseLostTooOften(3))
        }
    }

    @Test("SIGTERM under load: exit code 0, nothing lost, no attempt burnt")
    func drain() async throws {
        try await Deployment.with(answering: { $0.plusOne.delayed(by: .milliseconds(30)) }) { deployment in
            let first = try await deployment.startWorker(lease: 15, "--concurrency", "10")
            let ids = try await deployment.add1.enqueueMany((0..<300).map { .init(n: $0) })
            try await deployment.app.waitForRequests(50)
            let code = await first.stop()
            #expect(code == 0)
            let left = try await deployment.storage.executions(ids).values
            #expect(left.allSatisfy { $0.status == .ready || $0.status == .completed })
            #expect(left.contains { $0.status == .ready })
            try await deployment.startWorker()
            let executions = try await deployment.finished(ids)
            #expect(executions.allSatisfy { $0.status == .completed && $0.retryAttempts == 0 && $0.leaseLosses == 0 })
            #expect(deployment.app.requests.count == 300)
        }
    }

    @Test("what does not end within the drain time is given back, at no cost, and soon runs elsewhere")
    func drainTooLong() async throws {
        try await Deployment.with(answering: { request in
            request["durable-attempt"] == "1" ? .hang : request.plusOne
        }) { deployment in
            let first = try await deployment.startWorker(lease: 60, "--drain-seconds", "1")
            let id = try await deployment.add1.enqueue(.init(n: 1))
            try await deployment.app.waitForRequests(1)
            try await deployment.startWorker(lease: 60)
            let code = await first.stop()
            #expect(code == 0)
            let execution = try await deployment.finished([id], within: .seconds(20))[0]
            #expect(execution.status == .completed && execution.attempt == 2)
            #expect(execution.retryAttempts == 0 && execution.leaseLosses == 0)
        }
    }

    @Test("PostgreSQL crashes and comes back under load: nothing accepted is lost, nobody needs a restart")
    func postgresRestart() async throws {
        try await TestCluster.withOwn { server in
            try await Deployment.with(databaseURL: server.databaseURL) { deployment in
                for _ in 0..<2 { try await deployment.startWorker(lease: 5) }
                let load = Load()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for caller in 0..<4 {
                        group.addTask { await load.run(on: deployment.add1, from: caller) }
                    }
                    for _ in 0..<2 {
                        try await load.waitForMore(50)
                        try await server.restart(.immediate)
                    }
                    try await load.waitForMore(50)
                    load.stop()
                    try await group.waitForAll()
                }
                let ids = load.accepted
                let executions = try await deployment.finished(ids)
                #expect(executions.count == ids.count)
                #expect(executions.allSatisfy { $0.status == .completed })
            }
        }
    }

    @Test("a worker that is declared lost while its claim is in flight holds nothing afterwards")
    func declaredLostDuringClaim() async throws {
        try await PostgresFixture.with { fixture in
            let storage = fixture.storage
            for _ in 0..<30 {
                let worker = WorkerID.random()
                try await storage.register(WorkerRegistration(id: worker, name: "test", leaseMs: 1))
                let new = NewExecution(
                    taskID: "add1",
                    input: .undefined,
                    options: TaskOptions(timeoutMs: 1000)
                )
                let ids = try await storage.insert(Array(repeating: new, count: 20)).map(\.executionID)
                async let claim = storage.lease(LeaseRequest(worker: worker, tasks: ["add1"], limit: 20))
                async let reclaim = storage.reclaim(limit: 100, maxLeaseLosses: 100)
                let (batch, _) = try await (claim, reclaim)
                _ = try await storage.reclaim(limit: 100, maxLeaseLosses: 100)
                let settled = try await storage.settle(
                    batch.leases.map { ExecutionStateMachine.settlement(of: $0, .completed(.undefined), .init()) }
                )
                let left = try await storage.executions(ids).values
                if try await storage.renew(worker, holding: []) == nil {
                    #expect(settled.isEmpty)
                    #expect(left.allSatisfy { $0.status == .ready })
                }
                _ = try await storage.cancel(ids)
            }
        }
    }
}

/// Callers that enqueue one execution after the other, and what was accepted of them.
final class Load: Sendable {
    private struct State {
        var accepted: [ExecutionID] = []
        var isOver = false
    }

    private let state = Mutex(State())

    var accepted: [ExecutionID] { state.withLock { $0.accepted } }

    func stop() {
        state.withLock { $0.isOver = true }
    }

    /// Refused ones are the caller's to repeat; accepted ones are ours to keep.
    func run(on task: RemoteTask<Deployment.Number, Deployment.Number>, from first: Int) async {
        var n = first
        while !state.withLock({ $0.isOver }) {
            n += 4
            guard let id = try? await task.enqueue(.init(n: n)) else { continue }
            state.withLock { $0.accepted.append(id) }
        }
    }

    func waitForMore(_ count: Int) async throws {
        let before = accepted.count
        try await eventually("\(count) more are accepted") { accepted.count >= before + count }
    }
}
