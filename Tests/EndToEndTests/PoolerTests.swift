import DurableClient
import DurableCore
import DurableTestKit
import LibPQ
import Logging
import Testing

@Suite(
    "Behind pgbouncer, with real processes",
    .enabled(if: TestCluster.pgbouncer != nil, "TEST_PGBOUNCER_URL is not set"),
    .timeLimit(.minutes(3))
)
struct PoolerTests {
    @Test("everything runs; only with a URL past the pooler does anybody listen", arguments: [false, true])
    func runs(isDirect: Bool) async throws {
        let direct = isDirect ? ["--direct-database-url", try await TestCluster.shared] : []
        try await Deployment.with(through: .pgbouncer, databaseFlags: ["--pooled"] + direct) { deployment in
            let worker = try await deployment.startWorker()
            if isDirect {
                try await eventually("the front end and the worker listen") { try await deployment.listeners() == 2 }
            }
            let ids = try await deployment.add1.enqueueMany((0..<100).map { .init(n: $0) })
            let execution = try await deployment.add1.wait(ids[99], timeout: .seconds(30))
            #expect(execution.status == .completed && execution.output == .init(n: 100))
            let executions = try await deployment.finished(ids)
            #expect(executions.allSatisfy { $0.status == .completed && $0.attempt == 1 })

            let delayed = try await deployment.add1.enqueue(
                .init(n: 1),
                options: EnqueueOptions(sleepMsBeforeRun: 3_600_000)
            )
            try await deployment.add1.cancel(delayed)
            let cancelled = try await deployment.execution(delayed)
            #expect(cancelled.status == .cancelled)

            let listeners = try await deployment.listeners()
            #expect(listeners == (isDirect ? 2 : 0))
            #expect(worker.output.contains("--direct-database-url") == !isDirect)
            let code = await worker.stop()
            #expect(code == 0)
        }
    }
}

extension Deployment {
    /// How many connections there are that listen for its signals.
    fileprivate func listeners() async throws -> Int {
        let configuration = DatabaseConfiguration(
            url: try await TestCluster.shared,
            poolSize: 1,
            acquireTimeout: .seconds(20)
        )
        let statement = "listen \"\(schema)\""
        return try await ConnectionPool.withPool(configuration, logger: Logger(label: "test")) { pool in
            try await pool.withConnection { connection throws(DatabaseError) in
                try connection.query("select count(*) from pg_stat_activity where query = \(statement)").only().int(0)
            }
        }
    }
}
