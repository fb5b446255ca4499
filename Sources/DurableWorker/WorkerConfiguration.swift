/// How a worker works.
package struct WorkerConfiguration: Sendable {
    /// How many attempts it makes at once, at least 1.
    package var concurrency: Int
    /// How long its leases outlive its last sign of life: the time after which a dead worker's executions run elsewhere.
    package var lease: Duration
    /// How long running attempts may go on once the worker is asked to stop; what is left then is given back.
    package var drain: Duration
    /// How many leases an execution may lose before it fails.
    package var maxLeaseLosses: Int
    /// How many children an execution may bring.
    package var maxChildren: Int
    /// How long finished executions are kept; `nil` keeps them for ever.
    package var retention: Duration?
    /// The longest time an idle worker goes without looking for work.
    package var longestPoll: Duration
    /// What people know the worker by: usually host name and process id.
    package var name: String

    package init(
        name: String,
        concurrency: Int = 100,
        lease: Duration = .seconds(15),
        drain: Duration = .seconds(30),
        maxLeaseLosses: Int = 10,
        maxChildren: Int = 10_000,
        retention: Duration? = .seconds(30 * 86_400),
        longestPoll: Duration = .seconds(2)
    ) {
        self.name = name
        self.concurrency = concurrency
        self.lease = lease
        self.drain = drain
        self.maxLeaseLosses = maxLeaseLosses
        self.maxChildren = maxChildren
        self.retention = retention
        self.longestPoll = longestPoll
    }
}
