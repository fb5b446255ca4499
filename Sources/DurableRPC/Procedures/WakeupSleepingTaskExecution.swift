import DurableCore
import DurableWire

/// `{taskId, sleepingTaskUniqueId, options: {status: "completed", output?} | {status: "failed", error?}}` → the sleeper's
/// record, finished by this wake-up or, unchanged, by something before it.
///
/// A wake-up that comes before its sleeper is answered with `null`: it is kept, so nothing is wrong, but there is no
/// execution yet to tell of. When the service keeps none, that is a `NOT_FOUND`.
struct WakeupSleepingTaskExecution: Procedure {
    let executions: Executions

    let name = "wakeupSleepingTaskExecution"
    let roles: Set<Role> = [.enqueue, .read]

    private static let optionsShape = #"{status: "completed", output?} | {status: "failed", error?}"#

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let arguments = try Arguments(
            input,
            shape: "{taskId, sleepingTaskUniqueId, options: \(Self.optionsShape)}"
        )
        let (taskID, name) = try (arguments.taskID(), arguments.text("sleepingTaskUniqueId"))
        let result = try Self.result(arguments["options"])
        guard let execution = try await executions.wake(name, of: taskID, with: result) else {
            return EnvelopeWriter.encode { $0.value(JSON.null) }
        }
        return ExecutionRecord(execution).encode()
    }

    private static func result(_ options: WireValue) throws(RPCError) -> WakeUp.Result {
        guard let members = options.members else {
            throw RPCError(.badRequest, message: "options must be an object: \(optionsShape)")
        }
        let status = try? members["status"].json()
        switch status?.string {
        case "completed": return .completed(members["output"].payload)
        case "failed": return .failed(.nonRetryable(message(of: members["error"])))
        default:
            throw RPCError(
                .badRequest,
                message: "Invalid status for sleeping task execution: it must be \"completed\" or \"failed\""
            )
        }
    }

    /// What an error of any shape says: an object its `message`, a text, number or the like itself.
    private static func message(of error: WireValue) -> String {
        guard let members = error.members else {
            switch try? error.json() {
            case .string(let text), .number(let text): return text
            case .bool(let bool): return "\(bool)"
            case .null, nil: return "Sleeping task execution failed without an error"
            case .array, .object: return "Unknown error"
            }
        }
        let message = try? members["message"].json()
        return message?.string ?? "Unknown error"
    }
}
