public import DurableCoding
public import DurableCore
import DurableWire

#if canImport(FoundationEssentials)
    public import FoundationEssentials
#else
    public import Foundation
#endif

/// An execution with what people want to know of it.
public struct ExecutionInspection<Output: Sendable>: Sendable {
    /// The execution as it stands.
    public let execution: ExecutionSnapshot<Output>
    /// Why it is where it is, in words: `retry 2 of 5 in 8 s`.
    public let reason: String
    /// Whether it is leased before others: higher goes first.
    public let priority: Int
    /// When it is timed out as a whole; `nil` is never.
    public let deadline: Date?
    /// The attempts made at it, in order, the one under way included.
    public let attempts: [AttemptRecord]
}
