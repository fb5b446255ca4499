import DurableWorker

/// How an executor works.
public struct ExecutorConfiguration: Sendable {
    /// How many attempts it makes at once, at least 1.
    public var concurrency = 100
    /// How long its leases outlive its last sign of life: the time after which the executions of a dead process run elsewhere.
    public var lease = Duration.seconds(15)
    /// How long running attempts may go on once the executor is asked to stop; what is left then is given back.
    public var drain = Duration.seconds(30)
    /// How many leases an execution may lose before it fails: a task that kills its process does not loop for ever.
    public var maxLeaseLosses = 10
    /// How many children an execution may have; a parent that brings more fails.
    public var maxChildren = 10_000
    /// How long a wake-up is kept for a sleeper that does not exist yet; with zero it is refused.
    public var wakeUpRetention = Duration.seconds(3600)
    /// How long finished executions are kept; `nil` keeps them for ever.
    public var retention: Duration? = .seconds(30 * 86_400)
    /// The longest time that an idle executor goes without looking for work by itself.
    public var longestPoll = Duration.seconds(2)
    /// What people know the executor by; the program's name unless set.
    public var name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? "executor"

    /// The defaults, to be changed one by one.
    public init() {}

    var worker: WorkerConfiguration {
        WorkerConfiguration(
            name: name,
            concurrency: max(1, concurrency),
            lease: lease,
            drain: drain,
            maxLeaseLosses: maxLeaseLosses,
            maxChildren: max(0, maxChildren),
            retention: retention,
            longestPoll: longestPoll
        )
    }
}
