/// How a front end listens, whom it lets in and how much it takes on.
package struct FrontEndConfiguration: Sendable {
    /// The address to listen on.
    package var host: String
    /// The port to listen on; 0 is any that is free.
    package var port: Int
    /// The path under which the procedures are, `/rpc` for `/rpc/enqueueTask`; empty or `/` puts them at the root.
    package var rpcPrefix: String
    package var access: Access
    /// How long a request may take to come in, from its head to the end of its body.
    package var requestTimeout: Duration
    /// How long a connection may be idle, or take over the head of a request.
    package var idleTimeout: Duration
    /// How many requests are worked on at a time; the rest is answered with 503.
    package var maxConcurrentRequests: Int
    /// How many `waitForTaskExecution` requests wait at a time; the rest is answered with 503.
    package var maxConcurrentWaits: Int
    /// How many bytes of request bodies are held at a time; what would exceed them is answered with 503.
    package var maxBufferedBytes: Int
    /// How long, once shutting down, requests are still taken while `/readyz` already says no: the time that load
    /// balancers need to notice.
    package var drainDelay: Duration

    package init(
        host: String = "127.0.0.1",
        port: Int = 8080,
        rpcPrefix: String = "/rpc",
        access: Access,
        requestTimeout: Duration = .seconds(30),
        idleTimeout: Duration = .seconds(60),
        maxConcurrentRequests: Int = 1000,
        maxConcurrentWaits: Int = 5000,
        maxBufferedBytes: Int = 128 << 20,
        drainDelay: Duration = .zero
    ) {
        self.host = host
        self.port = port
        self.rpcPrefix = rpcPrefix
        self.access = access
        self.requestTimeout = requestTimeout
        self.idleTimeout = idleTimeout
        self.maxConcurrentRequests = maxConcurrentRequests
        self.maxConcurrentWaits = maxConcurrentWaits
        self.maxBufferedBytes = maxBufferedBytes
        self.drainDelay = drainDelay
    }
}
