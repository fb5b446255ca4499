/// How a worker works.
public struct WorkerSettings: Sendable {
    /// How many attempts it makes at once.
    public var concurrency: Int
    /// After which time without a sign of life its executions run elsewhere.
    public var lease: Duration
    /// How long running attempts may go on once the worker is asked to stop.
    public var drain: Duration
    /// How many leases an execution may lose before it fails.
    public var maxLeaseLosses: Int
    /// How many children one execution may bring.
    public var maxChildren: Int
    /// How long finished executions are kept; `nil` keeps them for ever.
    public var retention: Duration?
    /// Where `/healthz` and `/readyz` are answered; `nil` is nowhere.
    public var health: HealthSettings?

    /// Settings as given, or those that suit most.
    public init(
        concurrency: Int = 100,
        lease: Duration = .seconds(15),
        drain: Duration = .seconds(30),
        maxLeaseLosses: Int = 10,
        maxChildren: Int = 10_000,
        retention: Duration? = .seconds(30 * 86_400),
        health: HealthSettings? = nil
    ) {
        self.concurrency = concurrency
        self.lease = lease
        self.drain = drain
        self.maxLeaseLosses = maxLeaseLosses
        self.maxChildren = maxChildren
        self.retention = retention
        self.health = health
    }
}

/// Where a process without a front end tells whether it is well.
public struct HealthSettings: Sendable, Hashable {
    /// The address to listen on.
    public var host: String
    /// The port to listen on; 0 is any free one.
    public var port: Int

    /// An address and a port.
    public init(host: String = "127.0.0.1", port: Int) {
        self.host = host
        self.port = port
    }
}
