import DurableClient
import Foundation

/// Enqueues an execution of each task, waits for it, and says what happened.
struct Demo {
    let client: DurableClient

    struct Failure: Error, CustomStringConvertible { let description: String }

    func run() async throws {
        try await show("add1", "adds 1 to a number", of: 41, expecting: 42, after: 0)
        try await show("add2", "adds 2 to a number", of: 40, expecting: 42, after: 0)
        try await show(
            "flaky",
            "gives the number back, but fails with 503 on its first two tries",
            of: 7,
            expecting: 7,
            after: 2
        )
        try await show(
            "add3",
            "is a sequence: add1, then add2 with what add1 answered",
            of: 39,
            expecting: 42,
            after: 0
        )
        try await show(
            "squares",
            "is a parent: each number up to n is squared by a child, then the task sum adds the squares",
            of: 4,
            expecting: 30,
            after: 0
        )
        try await showLoop()
        try await showSleeper()
        print("All executions ended as they should.")
    }

    private func showLoop() async throws {
        print("Task delivery: is a loop that asks the web app whether the parcel has arrived, until it has.")
        let due = Int(Date.now.timeIntervalSince1970) + 2
        let delivery = client.task("delivery", input: Number.self, output: LoopResult.self)
        let execution = try await delivery.wait(try await enqueue(delivery, Number(n: due)), timeout: .seconds(60))
        guard let result = execution.output, result.isSuccess, let arrival = result.output?.n, arrival >= due else {
            throw Failure(description: "delivery should have waited for the parcel")
        }
        print("  It arrived when it was due.\n")
    }

    private func showSleeper() async throws {
        print("Task approval: sleeps until somebody wakes it up.")
        let approval = client.sleepingTask("approval", output: Number.self)
        let name = "invoice-\(UUID().uuidString)"
        let id = try await enqueue(approval.task, name)
        print("  \(id) waits under the name \(name). No worker is busy with it.")
        try await approval.wakeUp(name, with: Number(n: 42))
        let execution = try await approval.task.wait(id, timeout: .seconds(60))
        guard execution.output?.n == 42 else { throw Failure(description: "approval should have been woken up") }
        print("  The web app woke it up with n = 42, which is its output.\n")
    }

    private func show(
        _ name: TaskID,
        _ purpose: String,
        of n: Int,
        expecting expected: Int,
        after retries: Int
    ) async throws {
        let task = client.task(name, input: Number.self, output: Number.self)
        print("Task \(name): \(purpose).")
        let id = try await enqueue(task, Number(n: n))
        print("  The web app enqueued it with n = \(n); the service stored it as \(id).")
        let execution = try await task.wait(id, timeout: .seconds(60))
        guard case .success(let output)? = execution.result else {
            let reason = execution.error.map { ": \($0.message)" } ?? ""
            throw Failure(description: "The execution \(id) of \(name) is \(execution.status.rawValue)\(reason)")
        }
        let seconds = (execution.finishedAt ?? execution.updatedAt).timeIntervalSince(execution.createdAt)
        let tries = execution.retryAttempts == 0 ? "on the first try" : "after \(execution.retryAttempts) retries"
        print("  Workers called the web app until it was completed, \(tries).")
        print("  The web app reads the result: n = \(output.n), \(Int(seconds * 1000)) ms after it was enqueued.\n")
        guard output.n == expected, execution.retryAttempts == retries else {
            throw Failure(description: "\(name) should have answered \(expected) after \(retries) retries")
        }
    }

    /// Enqueues, and tries again for a while when the service is not there yet.
    ///
    /// The key makes that safe: should the service
    /// have stored the first request and its answer have been lost, the second is answered with the same execution.
    private func enqueue<Input, Output>(
        _ task: RemoteTask<Input, Output>,
        _ input: Input
    ) async throws -> ExecutionID {
        let options = EnqueueOptions(idempotencyKey: UUID().uuidString)
        let giveUp = ContinuousClock.now.advanced(by: .seconds(30))
        while true {
            do {
                return try await task.enqueue(input, options: options)
            } catch let error as DurableClientError where error.isTransient && ContinuousClock.now < giveUp {
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
