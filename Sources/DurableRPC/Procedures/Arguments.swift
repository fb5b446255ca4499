import DurableCore
import DurableWire

/// The arguments of a call: the members of its input, taken for what the procedure wants them to be.
struct Arguments {
    private let members: WireMembers

    /// Refuses an input that is no object: nothing at all, `null`, a text.
    ///
    /// - Parameter shape: What it should look like, for the message.
    init(_ input: WireValue, shape: String) throws(RPCError) {
        guard let members = input.members else {
            throw RPCError(.badRequest, message: "The input must be an object: \(shape)")
        }
        self.members = members
    }

    /// Takes an input `{taskId, executionId}`.
    static func execution(_ input: WireValue) throws(RPCError) -> (taskID: TaskID, id: String) {
        let arguments = try Arguments(input, shape: "{taskId, executionId}")
        return try (arguments.taskID(), arguments.text("executionId"))
    }

    subscript(name: String) -> WireValue { members[name] }

    /// The member as plain JSON; `nil` when it is absent, `null` or `undefined`.
    func json(_ name: String) throws(RPCError) -> JSON? {
        do throws(MalformedBody) {
            guard let value = try members[name].json(), value != .null else { return nil }
            return value
        } catch {
            // Scanned before: it can only be nested deeper than anything but a payload may be.
            throw RPCError(.badRequest, message: "\(name) cannot be read: \(error)")
        }
    }

    func text(_ name: String) throws(RPCError) -> String {
        guard members[name].type == nil, let text = try json(name)?.string else {
            throw RPCError(.badRequest, message: "\(name) must be a string")
        }
        return text
    }

    func taskID() throws(RPCError) -> TaskID {
        TaskID(try text("taskId"))
    }
}
