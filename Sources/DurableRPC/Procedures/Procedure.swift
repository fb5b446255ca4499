import DurableCore
import DurableWire

/// One of the procedures that clients may call: reads its arguments, calls ``Executions``, writes the answer.
protocol Procedure: Sendable {
    /// The last part of its path.
    var name: String { get }
    /// The roles that a token must have, all of them.
    var roles: Set<Role> { get }
    /// The largest request body in bytes.
    var largestBody: Int { get }
    /// Whether its requests wait for something to happen. They are counted apart, and end when the client hangs up.
    var waits: Bool { get }

    /// - Returns: The body of the answer.
    /// - Throws: `RPCError` for arguments that are not what they should be, `RequestError` for what `Executions` refuses.
    func answer(_ input: WireValue, trace: TraceContext?) async throws -> [UInt8]
}

extension Procedure {
    /// An input of 1 MiB and 64 KiB for what is around it.
    var largestBody: Int { NewExecution.largestPayload + 64 << 10 }
    var waits: Bool { false }
}
