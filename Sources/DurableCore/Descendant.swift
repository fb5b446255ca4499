/// An execution below another one: a child or finalize execution, with what is below it in turn.
package struct Descendant: Sendable, Hashable {
    package var reference: ExecutionReference
    package var status: ExecutionStatus
    /// Its place among its parent's children, from 0; 0 for a finalize execution.
    package var index: Int
    package var isFinalize: Bool
    package var error: ExecutionError?
    /// How many are right below it, finalize execution included, be they told of or not.
    package var childCount: Int
    /// Those right below it that are told of, in order.
    package var children: [Descendant]

    package init(
        reference: ExecutionReference,
        status: ExecutionStatus,
        index: Int = 0,
        isFinalize: Bool = false,
        error: ExecutionError? = nil,
        childCount: Int = 0,
        children: [Descendant] = []
    ) {
        self.reference = reference
        self.status = status
        self.index = index
        self.isFinalize = isFinalize
        self.error = error
        self.childCount = childCount
        self.children = children
    }

    /// - Parameter known: Looked-up executions; what is below and not among them is counted, but not told of.
    init(_ execution: Execution, known: [ExecutionID: Execution]) {
        self.init(
            reference: execution.reference,
            status: execution.status,
            index: execution.family?.index ?? 0,
            isFinalize: execution.family?.isFinalize ?? false,
            error: execution.error,
            childCount: execution.parts.count,
            children: execution.parts.compactMap { part in
                known[part.executionID].map { Descendant($0, known: known) }
            }
        )
    }
}

extension Execution {
    /// What is right below it: its children in order, and its finalize execution.
    var parts: [ExecutionReference] { children + (finalize.map { [$0] } ?? []) }
}
