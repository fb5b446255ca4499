import DurableCore
import DurableInvoker
import DurableTestKit
import Logging

/// What the tests of the invoker have in common: leases to make attempts of, and calls to stub web apps.
enum Calls {
    static let executionID = ExecutionID(bits: 0x0192_0000_0000_7000_8000_0000_0000_0001)

    static func lease(
        task: TaskID = "add2",
        kind: TaskKind = .single,
        input: Payload = Payload(json: "1"),
        timeoutMs: Int = 20_000,
        attempt: Int = 1,
        retryAttempts: Int = 0,
        previousError: ExecutionError? = nil,
        trace: TraceContext? = nil
    ) -> Lease {
        Lease(
            id: LeaseID(executionID: executionID, attempt: attempt),
            taskID: task,
            kind: kind,
            input: input,
            options: TaskOptions(timeoutMs: timeoutMs),
            retryAttempts: retryAttempts,
            leaseLosses: 0,
            previousError: previousError,
            trace: trace,
            startedAt: Timestamp(microseconds: 1_700_000_000_000_000)
        )
    }

    static func attempt(_ lease: Lease) -> Attempt { Attempt(lease: lease, shutdown: ShutdownSignal()) }

    /// Lends an invoker that calls a procedure at a URL.
    static func withInvoker<Result>(
        url: String,
        path: String = "add2",
        headers: [String: String] = [:],
        signingSecrets: [String] = [],
        kind: TaskKind = .single,
        concurrency: Int = 10,
        _ body: (HTTPInvoker) async throws -> Result
    ) async throws -> Result {
        try await withProcedureClient(concurrency: concurrency, logger: Logger(label: "tests")) { client in
            let endpoint = try Endpoint(
                name: "web-app",
                url: url,
                headers: headers,
                signingSecrets: signingSecrets
            )
            let procedure = try Procedure(endpoint: endpoint, path: path)
            let task = TaskDefinition(id: "add2", options: TaskOptions(timeoutMs: 20_000), kind: kind)
            return try await body(HTTPInvoker(calling: procedure, for: task, over: client))
        }
    }

    /// Makes one attempt at a procedure at a URL.
    static func call(url: String, lease: Lease = lease()) async throws -> Outcome {
        try await withInvoker(url: url) { await $0.invoke(attempt(lease)) }
    }

    /// Makes one attempt at a web app that gives one answer to everything.
    static func call(_ answer: StubAnswer, lease: Lease = lease()) async throws -> Outcome {
        try await StubWebApp.with { _ in
            answer
        } body: { app in
            try await call(url: app.url, lease: lease)
        }
    }
}

extension Outcome {
    var error: ExecutionError? {
        if case .failed(let error, _) = self { error } else { nil }
    }

    var retryAfterMs: Double? {
        if case .failed(_, let retryAfterMs) = self { retryAfterMs } else { nil }
    }
}
