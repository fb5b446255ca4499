import DurableCore
import DurableWire
import ServiceLifecycle

/// `{taskId, executionId, timeoutMs?}` → the execution's record as soon as it has finished, and as it is when the time is
/// up or the front end shuts down.
struct WaitForTaskExecution: Procedure {
    let executions: Executions

    let name = "waitForTaskExecution"
    let roles: Set<Role> = [.read]
    let waits = true

    /// How long is waited unless the call says otherwise: less than most proxies and platforms allow a request.
    private static let standardTimeoutMs = 25_000.0
    private static let longestTimeoutMs = 60_000.0

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let arguments = try Arguments(input, shape: "{taskId, executionId, timeoutMs?}")
        let (taskID, id) = try (arguments.taskID(), arguments.text("executionId"))
        let timeout = try Self.timeout(arguments)
        let execution: Execution
        do {
            execution = try await cancelWhenGracefulShutdown { [executions] in
                try await executions.wait(for: id, of: taskID, atMost: timeout)
            }
        } catch  where Task.isShuttingDownGracefully && !Task.isCancelled {
            // What was cancelled may have been the reading as well as the waiting.
            execution = try await executions.execution(id, of: taskID)
        }
        try Task.checkCancellation()
        return ExecutionRecord(execution).encode()
    }

    private static func timeout(_ arguments: Arguments) throws(RPCError) -> Duration {
        guard let value = try arguments.json("timeoutMs") else { return .milliseconds(standardTimeoutMs) }
        guard arguments["timeoutMs"].type == nil, let milliseconds = value.double,
            (0...longestTimeoutMs).contains(milliseconds)
        else {
            throw RPCError(.badRequest, message: "timeoutMs must be a number from 0 to \(Int(longestTimeoutMs))")
        }
        return .milliseconds(milliseconds)
    }
}
