import DurableCoding
public import DurableCore

extension InMemoryStorage {
    /// A storage that lives as long as the process, on this machine's clock.
    public init() {
        self.init { .wallClock() }
    }
}
