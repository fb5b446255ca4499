import DurableCore
import Metrics

/// The worker's metrics; each is one line here, made once.
struct WorkerMetrics {
    private let leasedCounter = Counter(label: "durable_leased_total")
    private let refusedCounter = Counter(label: "durable_settlements_refused_total")
    private let retried = Counter(label: "durable_attempts_total", dimensions: [("end", "retried")])
    private let spawned = Counter(label: "durable_attempts_total", dimensions: [("end", "spawned")])
    private let released = Counter(label: "durable_attempts_total", dimensions: [("end", "released")])
    private let finished: [ExecutionStatus: Counter] = Dictionary(
        uniqueKeysWithValues: ExecutionStatus.allCases.filter(\.isFinished).map { status in
            (status, Counter(label: "durable_attempts_total", dimensions: [("end", status.rawValue)]))
        }
    )

    func leased(_ count: Int) { leasedCounter.increment(by: count) }

    func refused() { refusedCounter.increment() }

    func settled(_ transition: ExecutionStateMachine.Transition) {
        switch transition {
        case .finish(let ending): finished[ending.status]?.increment()
        case .ready(_, _, .nothing): released.increment()
        case .ready: retried.increment()
        case .spawn, .finalize: spawned.increment()
        case .run, .next, .restart, .resume, .unchanged: break
        }
    }
}
