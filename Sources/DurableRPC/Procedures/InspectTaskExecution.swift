import DurableCore
import DurableWire

/// `{taskId, executionId}` → what people want to know of an execution: its record, its attempts, what is below it, and why
/// it is where it is.
struct InspectTaskExecution: Procedure {
    let executions: Executions
    /// This process's clock, for the relative times in the reason.
    let now: @Sendable () -> Timestamp

    let name = "inspectTaskExecution"
    let roles: Set<Role> = [.read]

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let (taskID, id) = try Arguments.execution(input)
        return InspectionRecord(try await executions.report(on: id, of: taskID), at: now()).encode()
    }
}
