import DurableClient
import DurableExecution
import Foundation
import Testing

@Suite("Tasks of a service, over HTTP", .timeLimit(.minutes(1)))
struct RemoteTaskTests {
    @Test("A task is enqueued, waited for and read, types included")
    func roundTrip() async throws {
        struct Order: Codable, Sendable, Equatable {
            var placedAt: Date
            var lines: [String: [Date]]
            var id: UInt64
            var note: String?
        }
        try await Service.with { executor in
            _ = try executor.task("postpone", timeout: .seconds(5)) { (order: Order) in
                var order = order
                order.placedAt += 60
                return order
            }
        } _: { service in
            let postpone = try service.client().task("postpone", input: Order.self, output: Order.self)
            let date = Date(timeIntervalSince1970: 1_709_210_096.789)
            let order = Order(placedAt: date, lines: ["a/b": [date]], id: .max, note: nil)
            let id = try await postpone.enqueue(order)
            let execution = try await postpone.wait(id)
            #expect(execution.id == id)
            #expect(execution.taskID == "postpone")
            #expect(execution.status == .completed)
            #expect(execution.options.timeoutMs == 5000)
            var expected = order
            expected.placedAt += 60
            #expect(execution.output == expected)
            let startedAt = try #require(execution.startedAt)
            #expect(startedAt >= execution.createdAt)
            let read = try await postpone.getExecution(id)
            #expect(read.output == expected)
            #expect(read.finishedAt == execution.finishedAt)
        }
    }

    @Test("Tasks without input or output need no types for them")
    func nothing() async throws {
        try await Service.with { executor in
            _ = try executor.task("quiet", timeout: .seconds(5)) {}
            _ = try executor.task("answer", timeout: .seconds(5)) { 42 }
        } _: { service in
            let client = try service.client()
            let quiet = client.task("quiet")
            let first = try await quiet.wait(try await quiet.enqueue())
            #expect(first.status == .completed)
            #expect(first.output != nil)
            let answer = client.task("answer", output: Int.self)
            let second = try await answer.wait(try await answer.enqueue())
            #expect(second.output == 42)
        }
    }

    @Test("A failed execution says why, and options of the enqueueing hold")
    func failure() async throws {
        try await Service.with { executor in
            _ = try executor.task("test", timeout: .seconds(5), retry: .init(maxAttempts: 5)) {
                throw ExecutionError.retryable("no tea")
            }
        } _: { service in
            let task = try service.client().task("test")
            let id = try await task.enqueue(options: .init(retryOptions: .init(maxAttempts: 1), timeoutMs: 1234))
            let execution = try await task.wait(id)
            #expect(execution.status == .failed)
            #expect(execution.result.map { if case .failure(let error) = $0 { error.message } else { "" } } == "no tea")
            #expect(execution.retryAttempts == 1)
            #expect(execution.options.timeoutMs == 1234)
        }
    }

    @Test("Many are enqueued at once, in order, all or none")
    func many() async throws {
        try await Service.with { executor in
            _ = try executor.task("add1", timeout: .seconds(5)) { (input: Number) in Number(n: input.n + 1) }
        } _: { service in
            let add1 = try service.client().task("add1", input: Number.self, output: Number.self)
            let ids = try await add1.enqueueMany((0..<20).map { Number(n: $0) }) { .init(idempotencyKey: "\($0.n)") }
            for (index, id) in ids.enumerated() {
                let execution = try await add1.wait(id)
                #expect(execution.output == Number(n: index + 1))
            }
            let error = await #expect(throws: DurableClientError.self) {
                try await add1.enqueueMany([Number(n: 100), Number(n: 101)]) { .init(timeoutMs: $0.n - 101) }
            }
            guard case .refused(let refusal)? = error else {
                Issue.record("unexpected \(String(describing: error))")
                return
            }
            #expect(refusal.status == 400)
            let stored = try await add1.enqueueMany([])
            #expect(stored == [])
        }
    }

    @Test("A wait that runs out of time answers with the execution as it is; a cancelled one ends")
    func timeouts() async throws {
        try await Service.with { executor in
            _ = try executor.task("slow", timeout: .seconds(600)) { try await Task.sleep(for: .seconds(600)) }
        } _: { service in
            let slow = try service.client().task("slow")
            let id = try await slow.enqueue()
            let unfinished = try await slow.wait(id, timeout: .milliseconds(50))
            #expect(!unfinished.isFinished)
            let waiting = Task { try await slow.wait(id) }
            let cancelled = try await slow.cancel(id)
            #expect(cancelled.status == .cancelled)
            #expect(cancelled.error == .cancelled)
            let execution = try await waiting.value
            #expect(execution.status == .cancelled)
            let other = try await slow.enqueue()
            let abandoned = Task { try await slow.wait(other) }
            abandoned.cancel()
            await #expect(throws: CancellationError.self) { try await abandoned.value }
        }
    }

    @Test("What the service refuses has its code, status and message")
    func refusals() async throws {
        try await Service.with { executor in
            _ = try executor.task("add1", timeout: .seconds(5)) { (input: Number) in input }
        } _: { service in
            func refusal(_ call: () async throws -> Void) async -> DurableClientError.Refusal? {
                let error = await #expect(throws: DurableClientError.self) { try await call() }
                if case .refused(let refusal)? = error { return refusal }
                Issue.record("unexpected \(String(describing: error))")
                return nil
            }
            let unknown = try service.client().task("nobody", output: Int.self)
            let notFound = await refusal { _ = try await unknown.enqueue() }
            #expect(notFound?.code == "NOT_FOUND")
            #expect(notFound?.status == 404)
            #expect(notFound?.message == "Task nobody not found")

            let stranger = try service.client("another token").task("add1", input: Number.self)
            let unauthorized = await refusal { _ = try await stranger.enqueue(Number(n: 1)) }
            #expect(unauthorized?.status == 401)

            let add1 = try service.client().task("add1", input: Number.self, output: Number.self)
            let options = EnqueueOptions(idempotencyKey: "k")
            _ = try await add1.enqueue(Number(n: 1), options: options)
            let conflict = await refusal { _ = try await add1.enqueue(Number(n: 2), options: options) }
            #expect(conflict?.code == "CONFLICT")
        }
    }

    @Test("An output of another type than asked for is an error that says where it differs")
    func otherType() async throws {
        try await Service.with { executor in
            _ = try executor.task("test", timeout: .seconds(5)) { ["n": "one"] }
        } _: { service in
            let task = try service.client().task("test", output: Number.self)
            let id = try await task.enqueue()
            await #expect(
                throws: DurableClientError.invalidOutput(reason: "n: Expected an integer, found a string")
            ) { try await task.wait(id) }
        }
    }
}
