import DurableCore
import DurableTestKit
import Testing

@Suite("In-memory storage")
struct InMemoryStorageTests {
    @Test("conforms", arguments: StorageConformance.cases)
    func conforms(_ behaviour: StorageConformance.Case) async throws {
        let clock = ManualClock()
        let storage = InMemoryStorage { clock.now }
        try await behaviour.run(
            StorageConformance.Subject(storage: storage) { clock.advance(milliseconds: Double($0)) }
        )
    }

    @Test("a sleeper is timed out at its very time, neither before nor after")
    func timeoutWithoutLeeway() async throws {
        let clock = ManualClock()
        let storage = InMemoryStorage { clock.now }
        let task = TaskDefinition(id: "sleeper", options: TaskOptions(timeoutMs: 1000), kind: .sleeping)
        let id = try await storage.insert([try NewExecution(of: task, input: Payload(json: #""a""#))])[0].executionID
        clock.advance(milliseconds: 999.999)
        let early = try await storage.expire(limit: 1)
        #expect(early.count == 0 && early.nextDueMs == 0.001)
        clock.advance(milliseconds: 0.001)
        let due = try await storage.expire(limit: 1)
        #expect(due.count == 1)
        let status = await storage.executions([id])[id]?.status
        #expect(status == .timedOut)
    }
}
