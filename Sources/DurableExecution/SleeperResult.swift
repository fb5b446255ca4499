import DurableCore

/// What a sleeper is woken up with.
public enum SleeperResult<Output: Sendable>: Sendable {
    /// It completes with this output.
    case completed(Output)
    /// It fails with this message.
    case failed(_ message: String)
}

extension SleeperResult where Output == Void {
    /// It completes.
    public static var completed: SleeperResult { .completed(()) }
}
