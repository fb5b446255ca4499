import DurableCore
import DurableWire

extension EnqueueRequest {
    /// Reads `{taskId, input, options?}`.
    init(_ value: WireValue, trace: TraceContext?) throws(RPCError) {
        let arguments = try Arguments(value, shape: "{taskId, input, options?}")
        let taskID = try arguments.taskID()
        let options: EnqueueOptions
        let given = try arguments.json("options")
        do throws(InvalidTask) {
            options = try EnqueueOptions(given, for: taskID)
        } catch {
            throw RPCError(.badRequest, message: error.message)
        }
        self.init(taskID: taskID, input: arguments["input"].payload, options: options, trace: trace)
    }
}
