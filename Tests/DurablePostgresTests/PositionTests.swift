import DurableCore
import DurablePostgres
import DurableTestKit
import Testing

@Suite("Claims behind a position")
struct PositionTests {
    private let task = TaskDefinition(id: "task", options: TaskOptions(timeoutMs: 60_000))

    /// Looks at an empty queue, and then, from where it ended, for what is stored meanwhile.
    ///
    /// - Parameter delay: From the look to the beginning of the storing.
    private func leases(ofWhatBeginsAfter delay: Duration) async throws -> [Lease] {
        try await PostgresFixture.with { fixture in
            let (storage, worker) = (fixture.storage, WorkerID.random())
            try await storage.register(WorkerRegistration(id: worker, name: "test", leaseMs: 600_000))
            func setClock(_ time: Duration) async throws {
                try await fixture.setClock(
                    at: Timestamp(microseconds: Int64((.seconds(1_800_000_000) + time) / .microseconds(1)))
                )
            }
            try await setClock(.zero)
            var request = LeaseRequest(worker: worker, tasks: [task.id], limit: 10)
            request.position = try await storage.lease(request).position
            try await setClock(delay)
            _ = try await storage.insert([try NewExecution(of: task, input: .undefined)])
            try await setClock(.milliseconds(10))
            return try await storage.lease(request).leases
        }
    }

    @Test("see what comes into a queue that was empty")
    func emptied() async throws {
        let leases = try await leases(ofWhatBeginsAfter: .milliseconds(5))
        #expect(leases.count == 1)
    }

    @Test("see what began a moment before the look they go on from, and was stored after it")
    func late() async throws {
        let leases = try await leases(ofWhatBeginsAfter: .milliseconds(-40))
        #expect(leases.count == 1)
    }
}
