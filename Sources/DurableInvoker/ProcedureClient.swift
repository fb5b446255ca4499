internal import AsyncHTTPClient
package import Logging
internal import NIOCore

/// The HTTP client of a process, shared by all its invokers: it owns the connections to the web apps.
///
/// Speaks HTTP/1.1, reuses connections, verifies certificates and follows no redirects. Nothing is sent twice: whether and
/// when to try again is the retry policy's to decide.
package final class ProcedureClient: Sendable {
    let logger: Logger
    private let http: HTTPClient

    /// - Parameter concurrency: How many calls may be under way at once; each has a connection of its own.
    package init(concurrency: Int, logger: Logger) {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10)),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        // The client's own default is 8; calls beyond it would wait for a connection, and time out waiting.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, concurrency)
        configuration.connectionPool.retryConnectionEstablishment = false
        // Node closes connections that were idle for 5 s. Closing them first avoids calling over one that is being closed.
        configuration.connectionPool.idleTimeout = .seconds(4)
        // The trace that travels is the execution's, not one of the client's own.
        configuration.tracing.tracer = nil
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        self.logger = logger
    }

    /// Sends a request and takes in all of the answer.
    ///
    /// The deadline covers everything up to the last byte of the body. When it passes, and when the surrounding `Task` is
    /// cancelled, the connection is closed.
    func answer(to request: HTTPClient.Request, limit: Int, by deadline: NIODeadline) async throws(CallFailure)
        -> Answer
    {
        var staleConnections = 0
        while true {
            // The client would begin with the request and be told only then: the web app could still be asked.
            guard !Task.isCancelled else { throw CallFailure(error: HTTPClientError.cancelled, progress: .connecting) }
            let collector = AnswerCollector(limit: limit)
            // The other API, `execute(_:deadline:)`, looks at its deadline only until the head: a body could drip for ever.
            let call = http.execute(request: request, delegate: collector, deadline: deadline)
            do {
                return try await withTaskCancellationHandler {
                    try await call.get()
                } onCancel: {
                    call.cancel()
                }
            } catch {
                let failure = CallFailure(error: error, progress: collector.progress)
                guard failure.isStaleConnection, staleConnections < 3 else { throw failure }
                staleConnections += 1
            }
        }
    }

    /// Closes all connections; calls that are under way fail.
    ///
    /// Must be called before the client is let go.
    package func shutdown() async {
        do {
            try await http.shutdown()
        } catch {
            logger.warning("Connections to web apps did not close cleanly", metadata: ["error": "\(error)"])
        }
    }
}

/// Runs `body` with a client that is shut down when it returns or throws.
package func withProcedureClient<Result>(
    concurrency: Int,
    logger: Logger,
    _ body: (ProcedureClient) async throws -> Result
) async throws -> Result {
    let client = ProcedureClient(concurrency: concurrency, logger: logger)
    let result: Result
    do {
        result = try await body(client)
    } catch {
        await client.shutdown()
        throw error
    }
    await client.shutdown()
    return result
}
