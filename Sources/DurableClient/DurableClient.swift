package import DurableWire

/// A durable execution service at the other end of HTTP: enqueues tasks, reads their executions, waits for them.
///
/// ```swift
/// struct Number: Codable, Sendable { var n: Int }
///
/// let client = try DurableClient(url: "http://localhost:8080/rpc", token: token)
/// let add1 = client.task("add1", input: Number.self, output: Number.self)
///
/// let id = try await add1.enqueue(Number(n: 0))
/// let execution = try await add1.wait(id)
/// print(execution.output?.n ?? 0)  // 1
/// ```
///
/// A value: copy it, keep it, pass it on. All clients of a process share one pool of connections, so there is nothing to
/// shut down.
public struct DurableClient: Sendable {
    /// How a client treats its requests.
    public struct Configuration: Sendable {
        /// How long a request may take until its answer is complete.
        public var requestTimeout = Duration.seconds(30)
        /// How long a wait puts up with a service that does not answer, or that says it cannot at present.
        public var waitPatience = Duration.seconds(30)

        /// The defaults, to be changed one by one.
        public init() {}
    }

    private let transport: Transport
    let configuration: Configuration

    /// - Parameters:
    ///   - url: Where the service's procedures are: scheme, host, port and prefix.
    ///   - token: What the service knows this client by; `nil` for a service that is open.
    /// - Throws: ``DurableClientError/invalidURL(_:)``.
    public init(
        url: String,
        token: String? = nil,
        configuration: Configuration = Configuration()
    ) throws(DurableClientError) {
        transport = try Transport(url: url, token: token)
        self.configuration = configuration
    }

    /// Calls a procedure of the service, and answers with what it returned.
    ///
    /// - Parameter timeout: How long it may take; the configured time unless given.
    package func call(
        _ procedure: String,
        timeout: Duration? = nil,
        _ writeInput: (inout EnvelopeWriter) -> Void
    ) async throws -> WireValue {
        try await transport.call(
            procedure,
            body: EnvelopeWriter.encode(writeInput),
            timeout: timeout ?? configuration.requestTimeout
        )
    }
}
