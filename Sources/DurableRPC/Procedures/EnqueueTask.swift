import DurableCore
import DurableWire

/// `{taskId, input, options?}` → the execution's id.
struct EnqueueTask: Procedure {
    let executions: Executions

    let name = "enqueueTask"
    let roles: Set<Role> = [.enqueue]

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let id = try await executions.enqueue(EnqueueRequest(input, trace: trace))
        return EnvelopeWriter.encode { $0.value(id.description) }
    }
}
