import DurableClient
import DurableCore
import DurableTestKit
import EmbeddedPostgres
import Testing

@Suite("A database that stops taking writes, with real processes", .timeLimit(.minutes(3)))
struct FailoverTests {
    @Test("meanwhile enqueueing is answered with 503 and nobody is ready; then all goes on, without a restart")
    func readOnly() async throws {
        let (gate, open) = AsyncStream<Void>.makeStream()
        try await TestCluster.withOwn { server in
            try await Deployment.with(
                databaseURL: server.databaseURL,
                answering: { request in
                    // The first execution ends while its outcome cannot be written.
                    if request.number == 1 { for await _ in gate {} }
                    return request.plusOne
                }
            ) { deployment in
                let worker = try await deployment.startWorker(lease: 60)
                let running = try await deployment.add1.enqueue(.init(n: 1))
                try await deployment.app.waitForRequests(1)
                let before = try await deployment.add1.enqueueMany((2..<12).map { .init(n: $0) })
                _ = try await deployment.finished(before)

                try await server.setReadOnly(true)
                for _ in 0..<3 {
                    let error = await #expect(throws: DurableClientError.self) {
                        try await deployment.add1.enqueue(.init(n: 20))
                    }
                    guard case .refused(let refusal) = error else {
                        Issue.record("expected a refusal, got \(String(describing: error))")
                        continue
                    }
                    #expect(refusal.status == 503)
                    #expect(error?.isTransient == true)
                }
                let isReadyMeanwhile = await isReady(port: deployment.frontEndPort)
                #expect(!isReadyMeanwhile)
                open.finish()
                try await eventually("the worker cannot write the outcome") {
                    worker.output.contains("waits for the storage")
                }
                let unsettled = try await deployment.execution(running)
                #expect(unsettled.status == .running)

                try await server.setReadOnly(false)
                try await eventually("the front end is ready again") { await isReady(port: deployment.frontEndPort) }
                let after = try await deployment.add1.enqueueMany((30..<40).map { .init(n: $0) })
                let executions = try await deployment.finished([running] + after)
                #expect(executions.count == 11)
                #expect(executions.allSatisfy { $0.status == .completed && $0.attempt == 1 && $0.leaseLosses == 0 })
            }
        }
    }

    @Test("the primary dies under load and its standby takes over: nothing accepted is lost, nobody needs a restart")
    func takeover() async throws {
        try await TestCluster.withOwn { primary in
            try await TestCluster.withOwn { standby in
                try await standby.follow(primary)
                let hosts = "127.0.0.1:\(primary.port),127.0.0.1:\(standby.port)"
                let databaseURL = "postgresql://postgres@\(hosts)/postgres?sslmode=disable"
                try await Deployment.with(databaseURL: databaseURL) { deployment in
                    for _ in 0..<2 { try await deployment.startWorker(lease: 5) }
                    let load = Load()
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for caller in 0..<4 {
                            group.addTask { await load.run(on: deployment.add1, from: caller) }
                        }
                        try await load.waitForMore(50)
                        await primary.kill()
                        try await standby.promote()
                        try await load.waitForMore(50)
                        load.stop()
                        try await group.waitForAll()
                    }
                    let ids = load.accepted
                    let kept = try await deployment.storage.executions(ids)
                    #expect(kept.count == ids.count)
                    let executions = try await deployment.finished(ids, within: .seconds(30))
                    #expect(executions.allSatisfy { $0.status == .completed })
                }
            }
        }
    }
}
