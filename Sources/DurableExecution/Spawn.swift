import DurableCoding
import DurableCore

/// What an attempt of a parent task returns: an output of its own, and the children that are to run before the execution
/// completes.
///
/// ```swift
/// Spawn(output: order.id, children: order.lines.map { ship.child($0) } + [invoice.child(order)])
/// ```
public struct Spawn<Output: Codable & Sendable>: Sendable {
    let output: @Sendable () throws -> Payload
    let children: [ChildTask]

    /// - Parameters:
    ///   - output: Handed on to the finalize task, or to whoever reads the parent's results.
    ///   - children: Run in parallel. Without any the parent goes on at once.
    public init(output: Output, children: [ChildTask]) {
        self.output = { try PayloadEncoder().encode(output) }
        self.children = children
    }
}

extension Spawn where Output == NoOutput {
    /// Children alone.
    public init(children: [ChildTask]) {
        output = { .undefined }
        self.children = children
    }
}
