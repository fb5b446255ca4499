import DurableCore
import DurableWire

/// `{taskId, executionId}` → the execution's record, cancelled, or unchanged when it had finished before.
///
/// Who may start work may stop it; and since the answer is the record, with input and output, it takes the right to read
/// as well.
struct CancelTaskExecution: Procedure {
    let executions: Executions

    let name = "cancelTaskExecution"
    let roles: Set<Role> = [.enqueue, .read]

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let (taskID, id) = try Arguments.execution(input)
        return ExecutionRecord(try await executions.cancel(id, of: taskID)).encode()
    }
}
