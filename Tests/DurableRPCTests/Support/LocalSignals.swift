import DurableCore
import Synchronization

/// Signals within the process.
final class LocalSignals: Signals {
    private let listeners = Mutex<[AsyncStream<Signal>.Continuation]>([])

    func signals() -> AsyncStream<Signal> {
        let (stream, continuation) = AsyncStream<Signal>.makeStream()
        listeners.withLock { $0.append(continuation) }
        return stream
    }

    func send(_ signal: Signal) {
        for listener in listeners.withLock({ $0 }) { listener.yield(signal) }
    }
}
