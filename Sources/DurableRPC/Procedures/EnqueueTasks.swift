import DurableCore
import DurableWire

/// `{tasks: [{taskId, input, options?}]}` → the executions' ids, in order: all of them are enqueued or none.
///
/// What is wrong with one is told with its index.
struct EnqueueTasks: Procedure {
    let executions: Executions

    let name = "enqueueTasks"
    let roles: Set<Role> = [.enqueue]
    let largestBody = 16 << 20

    /// How many may be enqueued at once.
    private static let most = 1000

    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8] {
        let arguments = try Arguments(input, shape: "{tasks: [{taskId, input, options?}]}")
        guard let tasks = arguments["tasks"].elements else {
            throw RPCError(.badRequest, message: "tasks must be an array of {taskId, input, options?}")
        }
        guard tasks.count <= Self.most else {
            throw RPCError(
                .badRequest,
                message: "tasks has \(tasks.count) elements; at most \(Self.most) can be enqueued at once"
            )
        }
        var requests: [EnqueueRequest] = []
        requests.reserveCapacity(tasks.count)
        for (index, task) in tasks.enumerated() {
            do throws(RPCError) {
                requests.append(try EnqueueRequest(task, trace: trace))
            } catch {
                throw RPCError(error.code, message: "\(error.message) [index=\(index)]")
            }
        }
        let ids = try await executions.enqueue(requests)
        return EnvelopeWriter.encode { body in
            body.array(ids) { $0.value($1.description) }
        }
    }
}
