internal import DurableCore
internal import Metrics

/// What is counted of the calls of one task.
///
/// Made once per task: looking up a metric costs more than counting.
struct InvocationMetrics: Sendable {
    private let duration: Timer
    private let completed: Counter
    private let failed: Counter
    private let timedOut: Counter
    private let cancelled: Counter

    init(task: TaskID) {
        func outcome(_ name: String) -> Counter {
            Counter(label: "durable_procedure_calls", dimensions: [("task", task.rawValue), ("outcome", name)])
        }
        duration = Timer(label: "durable_procedure_call_duration", dimensions: [("task", task.rawValue)])
        completed = outcome("completed")
        failed = outcome("failed")
        timedOut = outcome("timed_out")
        cancelled = outcome("cancelled")
    }

    func record(_ outcome: Outcome, after elapsed: Duration) {
        duration.record(duration: elapsed)
        switch outcome {
        case .completed, .spawned: completed.increment()
        case .failed(let error, _):
            switch error.kind {
            case .timedOut: timedOut.increment()
            case .cancelled: cancelled.increment()
            case .generic, .notFound: failed.increment()
            }
        }
    }
}
