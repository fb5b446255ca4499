/// Why a storage could not do what it was asked.
public enum StorageError: Error, Sendable, Hashable {
    /// Not reachable, overloaded or restarting: the same call may succeed soon. `reason` is for logs, free of data.
    case unavailable(reason: String)
    /// The schema is not the one this program needs; `reason` says what to do.
    case schemaMismatch(reason: String)
    /// The idempotency key of the new execution at `index` belongs to an execution with another input.
    case idempotencyConflict(index: Int)
    /// The new execution at `index` is, or begins with, a sleeper whose name another one has.
    case sleeperConflict(index: Int)
    /// The storage refused or garbled something it should not have: a bug. `reason` is for logs, free of data.
    case rejected(reason: String)

    /// Whether the same call may succeed later.
    public var isTransient: Bool {
        if case .unavailable = self { true } else { false }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let reason): "The storage is not available: \(reason)"
        case .schemaMismatch(let reason): reason
        case .idempotencyConflict(let index): "The idempotency key of execution \(index) is taken by another input"
        case .sleeperConflict(let index): "The unique id of sleeping execution \(index) is taken"
        case .rejected(let reason): "The storage refused the operation: \(reason)"
        }
    }
}
