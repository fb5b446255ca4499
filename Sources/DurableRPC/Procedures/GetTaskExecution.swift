import DurableCore
import DurableWire

/// `{taskId, executionId}` → the execution's record.
struct GetTaskExecution: Procedure {
    let executions: Executions

    let name = "getTaskExecution"
    let roles: Set<Role> = [.read]

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let (taskID, id) = try Arguments.execution(input)
        return ExecutionRecord(try await executions.execution(id, of: taskID)).encode()
    }
}
