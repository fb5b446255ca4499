import Metrics
import Synchronization

/// The numbers that a front end keeps about its requests.
///
/// Handles are made once: making one costs far more than using it.
final class RequestMetrics: Sendable {
    private struct Key: Hashable {
        let procedure: String
        let code: String
    }

    private let counters = Mutex<[Key: Counter]>([:])
    private let timers: [String: Metrics.Timer]
    private let inFlight: Meter
    private let factory: any MetricsFactory

    /// - Parameters:
    ///   - procedures: The names that requests are told apart by; only these, so that clients cannot make more.
    ///   - factory: Where the numbers go.
    init(procedures: [String], factory: any MetricsFactory) {
        self.factory = factory
        inFlight = Meter(label: "durable_rpc_requests_in_flight", factory: factory)
        timers = Dictionary(
            procedures.map { name in
                (
                    name,
                    Timer(
                        label: "durable_rpc_request_duration_seconds",
                        dimensions: [("procedure", name)],
                        factory: factory
                    )
                )
            }
        ) { first, _ in first }
    }

    func begin() {
        inFlight.increment()
    }

    /// - Parameter code: `OK`, or the code of the error answered with.
    func end(_ procedure: String, code: String, duration: Duration) {
        inFlight.decrement()
        let counter = counters.withLock { counters in
            let key = Key(procedure: procedure, code: code)
            if let counter = counters[key] { return counter }
            let counter = Counter(
                label: "durable_rpc_requests_total",
                dimensions: [("procedure", procedure), ("code", code)],
                factory: factory
            )
            counters[key] = counter
            return counter
        }
        counter.increment()
        timers[procedure]?.record(duration: duration)
    }
}
