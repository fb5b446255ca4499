import DurableClient
import DurableExecution
import Foundation
import Synchronization
import Testing

@Suite("Waking up, retrying and inspecting, over HTTP", .timeLimit(.minutes(1)))
struct VerbTests {
    private static let payment = TaskDefinition(
        id: "payment",
        options: TaskOptions(timeoutMs: 600_000),
        kind: .sleeping
    )

    /// A task that fails once, for good, and completes with 42 from then on.
    private final class FailingOnce: Sendable {
        private let runs = Mutex(0)

        func run() throws -> Int {
            let run = runs.withLock { runs in
                runs += 1
                return runs
            }
            guard run > 1 else { throw ExecutionError.nonRetryable("boom") }
            return 42
        }
    }

    @Test("A sleeper is woken up with a typed output, once")
    func wakeUp() async throws {
        try await Service.with(knowing: [Self.payment]) { service in
            let payment = try service.client().sleepingTask("payment", output: Number.self)
            let id = try await payment.task.enqueue("order-17")
            let asleep = try await payment.task.getExecution(id)
            #expect(asleep.status == .running)

            async let waited = payment.task.wait(id)
            let woken = try #require(try await payment.wakeUp("order-17", with: Number(n: 7)))
            #expect(woken.id == id)
            #expect(woken.output == Number(n: 7))
            let execution = try await waited
            #expect(execution.output == Number(n: 7))

            let again = try await payment.wakeUp("order-17", with: Number(n: 8))
            #expect(again?.output == Number(n: 7))
        }
    }

    @Test("A sleeper is failed with a reason")
    func fail() async throws {
        try await Service.with(knowing: [Self.payment]) { service in
            let payment = try service.client().sleepingTask("payment", output: Number.self)
            _ = try await payment.task.enqueue("order-17")
            let failed = try await payment.fail("order-17", because: "declined")
            #expect(failed?.status == .failed)
            #expect(failed?.error == .nonRetryable("declined"))
        }
    }

    @Test("A wake-up that comes before its sleeper has no execution yet, and counts")
    func early() async throws {
        try await Service.with(knowing: [Self.payment]) { service in
            let payment = try service.client().sleepingTask("payment")
            let kept = try await payment.wakeUp("order-17")
            #expect(kept == nil)
            let execution = try await payment.task.wait(try await payment.task.enqueue("order-17"))
            #expect(execution.status == .completed)
        }
    }

    @Test("What is not a sleeping task cannot be woken up")
    func refused() async throws {
        try await Service.with { executor in
            _ = try executor.task("quiet", timeout: .seconds(5)) {}
        } _: { service in
            let quiet = try service.client().sleepingTask("quiet")
            let error = await #expect(throws: DurableClientError.self) { try await quiet.wakeUp("u") }
            guard case .refused(let refusal)? = error else {
                Issue.record("unexpected \(String(describing: error))")
                return
            }
            #expect(refusal.status == 400)
            #expect(refusal.message == "Task quiet is not a sleeping task")
        }
    }

    @Test("A failed execution is retried by hand, and its history tells of both attempts")
    func retry() async throws {
        let failingOnce = FailingOnce()
        try await Service.with { executor in
            _ = try executor.task("test", timeout: .seconds(5)) { try failingOnce.run() }
        } _: { service in
            let test = try service.client().task("test", output: Int.self)
            let id = try await test.enqueue()
            let failed = try await test.wait(id)
            #expect(failed.status == .failed)
            let explained = try await test.inspect(id)
            #expect(explained.reason == "finished: failed after 1 attempt: boom (not retryable)")

            let retried = try await test.retry(id)
            #expect(retried.id == id)
            let completed = try await test.wait(id)
            #expect(completed.output == 42)
            let inspection = try await test.inspect(id)
            #expect(inspection.execution.output == 42)
            #expect(inspection.reason == "finished: completed")
            #expect(inspection.attempts.map(\.end) == [.failed, .completed])
            #expect(inspection.attempts.first?.error == .nonRetryable("boom"))

            let error = await #expect(throws: DurableClientError.self) { try await test.retry(id) }
            guard case .refused(let refusal)? = error else {
                Issue.record("unexpected \(String(describing: error))")
                return
            }
            #expect(refusal.code == "CONFLICT")
        }
    }

    @Test("Priority and overall time travel with the enqueueing")
    func options() async throws {
        try await Service.with { executor in
            _ = try executor.task("later", timeout: .seconds(5), sleepBeforeRun: .seconds(600)) {}
        } _: { service in
            let later = try service.client().task("later")
            let id = try await later.enqueue(options: .init(priority: 7, expiresInMs: 60_000))
            let inspection = try await later.inspect(id)
            #expect(inspection.priority == 7)
            let deadline = try #require(inspection.deadline)
            #expect(abs(deadline.timeIntervalSince(inspection.execution.createdAt) - 60) < 0.002)
            #expect(inspection.reason.hasPrefix("delayed until "))
        }
    }
}
