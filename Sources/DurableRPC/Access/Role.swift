/// What a token allows.
package enum Role: String, Sendable, Hashable, CaseIterable {
    /// Enqueue executions.
    case enqueue
    /// Read executions and wait for them.
    case read
    /// Everything.
    case admin
}
