import DurableCore
import DurablePostgres
import DurableTestKit
import Foundation
import LibPQ
import Testing

@Suite("Plans at a million executions", .serialized, .millionExecutions)
struct PlanTests {
    @Test("finds what it needs by index, and reads and sorts no more than that", arguments: PlanCase.all)
    func plan(_ plan: PlanCase) async throws {
        let data = try #require(PlanData.current)
        for mode in PlanLook.Mode.allCases {
            let look = try await data.look(at: plan.sql(data.statements), mode)
            #expect(look.scanned.subtracting(plan.scans).isEmpty, "\(mode) plan: \(look.text)")
            #expect(look.sorted <= plan.reads, "\(mode) plan: \(look.text)")
            // From there on PostgreSQL compiles a plan before it executes it, for a tenth of a second (jit_above_cost). Our
            // own sessions do not let it, and there what cannot be helped costs more than anything.
            if mode != .session { #expect(look.plan.cost < 100_000, "\(mode) plan: \(look.text)") }
            let read = look.readings.filter { !plan.scans.contains($0.table) }
            #expect(read.map(\.count).reduce(0, +) <= plan.reads, "\(mode) plan read \(read): \(look.text)")
        }
    }

    @Test("covers every statement that there is")
    func coverage() throws {
        let names = try PlanNames.all()
        #expect(names.count > 40)
        #expect(Set(PlanCase.all.map(\.statement)).symmetricDifference(names) == [])
    }
}

@Suite("Plans of sessions that began early", .timeLimit(.minutes(1)))
struct EarlyPlanTests {
    @Test("a plan that was made for empty tables reads no more of full ones than it needs")
    func emptyTables() async throws {
        try await PostgresFixture.with(poolSize: 1, settings: PostgresStorage.sessionSettings) { fixture in
            let (storage, worker) = (fixture.storage, WorkerID.random())
            let task = TaskDefinition(id: "task", options: TaskOptions(timeoutMs: 60_000))
            try await storage.register(WorkerRegistration(id: worker, name: "test", leaseMs: 600_000))
            let nobody = LeaseID(executionID: .fresh(at: Timestamp(microseconds: 0)), attempt: 1)
            func settlements(_ leases: [LeaseID]) -> [Settlement] {
                leases.map { Settlement(lease: $0, transition: .finish(.completed(.undefined))) }
            }
            var request = LeaseRequest(worker: worker, tasks: ["task"], limit: 1000)
            _ = try await storage.settle(settlements([nobody]), leasing: request)

            _ = try await storage.insert((0..<2000).map { _ in try NewExecution(of: task, input: .undefined) })
            let leases = try await storage.lease(request).leases.map(\.id)
            request.limit = 100
            let statements = Statements(schema: fixture.schema)
            let settle = statements.settle(settlements(leases.dropLast(500)).compactMap(Statements.Settling.init))
            let lease = statements.lease(request)
            let reading = SQL(
                unescaped: """
                    select sum(pg_stat_get_xact_tuples_returned(oid))::bigint from pg_catalog.pg_class
                    where relnamespace = '\(fixture.schema)'::regnamespace and relkind = 'r'
                    """
            )
            let read = try await fixture.pool.transaction { connection throws(DatabaseError) in
                let before = try connection.query(reading).only().int(0)
                try connection.query(settle)
                try connection.query(lease)
                return try connection.query(reading).only().int(0) - before
            }
            // Rows of tables that were read from end to end: that of the worker.
            #expect(read <= 10)
        }
    }
}
