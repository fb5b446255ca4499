import DurableCore
import DurableWire

/// `{taskId, executionId}` → the execution's record, running again with its history kept.
///
/// Only for one that has finished without completing, and whose parent, if it has one, has finished as well.
struct RetryTaskExecution: Procedure {
    let executions: Executions

    let name = "retryTaskExecution"
    let roles: Set<Role> = [.enqueue, .read]

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let (taskID, id) = try Arguments.execution(input)
        return ExecutionRecord(try await executions.retry(id, of: taskID)).encode()
    }
}
