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
        print("All three executions ended as they should.")
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
        print("  A worker called the web app's procedure \(name), which succeeded \(tries).")
        print("  The web app reads the result: n = \(output.n), \(Int(seconds * 1000)) ms after it was enqueued.\n")
        guard output.n == expected, execution.retryAttempts == retries else {
            throw Failure(description: "\(name) should have answered \(expected) after \(retries) retries")
        }
    }

    /// Enqueues, and tries again for a while when the service is not there yet.
    ///
    /// The key makes that safe: should the service
    /// have stored the first request and its answer have been lost, the second is answered with the same execution.
    private func enqueue(_ task: RemoteTask<Number, Number>, _ input: Number) async throws -> ExecutionID {
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
