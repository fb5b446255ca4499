import Synchronization

/// Signals within one process, for a single executor on a storage that nobody else works on.
public final class LocalSignals: Signals {
    private struct Subscribers {
        var mailboxes: [Int: Mailbox] = [:]
        var next = 0
    }

    private let subscribers = Mutex(Subscribers())

    /// Signals that nobody listens to yet.
    public init() {}

    /// The signals from now on, those of one kind merged until they are read.
    public func signals() -> AsyncStream<Signal> {
        let mailbox = Mailbox()
        let number = subscribers.withLock { subscribers in
            subscribers.next += 1
            subscribers.mailboxes[subscribers.next] = mailbox
            return subscribers.next
        }
        return AsyncStream {
            await mailbox.next()
        } onCancel: { [weak self] in
            mailbox.close()
            self?.subscribers.withLock { subscribers in _ = subscribers.mailboxes.removeValue(forKey: number) }
        }
    }

    /// Tells everybody who listens.
    public func send(_ signals: Set<Signal>) {
        let mailboxes = subscribers.withLock { Array($0.mailboxes.values) }
        for mailbox in mailboxes { mailbox.put(signals) }
    }
}

/// What one subscriber has not seen yet: at most one signal of each kind.
private final class Mailbox: Sendable {
    private struct State {
        var pending: Set<Signal> = []
        var isClosed = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func put(_ signals: Set<Signal>) {
        change { $0.pending.formUnion(signals) }
    }

    func close() {
        change { $0.isClosed = true }
    }

    /// The next signal, or `nil` once the mailbox is closed.
    ///
    /// One reader at a time, as a stream has it.
    func next() async -> Signal? {
        while true {
            let (signal, isClosed) = state.withLock { ($0.pending.popFirst(), $0.isClosed) }
            if isClosed { return nil }
            if let signal { return signal }
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.pending.isEmpty, !state.isClosed else { return false }
                    state.reader = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
    }

    private func change(_ change: (inout State) -> Void) {
        state.withLock { state in
            change(&state)
            defer { state.reader = nil }
            return state.reader
        }?.resume()
    }
}
