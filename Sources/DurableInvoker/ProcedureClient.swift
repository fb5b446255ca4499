package import Logging
package import OutboundHTTP

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The HTTP client of a process, shared by all its invokers: it owns the connections to the web apps.
///
/// Speaks HTTP/1.1, reuses connections, verifies certificates, uses the proxies that the environment names, and follows no
/// redirects. Whether and when to try again is the retry policy's to decide, with one exception: a call that met a
/// connection which the web app was closing at that moment is sent once more (see ``OutboundClient``).
package final class ProcedureClient: Sendable {
    let logger: Logger
    let http: OutboundClient

    /// - Parameters:
    ///   - concurrency: How many calls of one web app may be under way at once; each has a connection of its own.
    ///   - proxies: Which web apps are called through a proxy; as the environment says, unless given.
    package init(
        concurrency: Int,
        logger: Logger,
        proxies: ProxyRules = ProxyRules(environment: ProcessInfo.processInfo.environment)
    ) {
        var configuration = OutboundConfiguration()
        configuration.connectionsPerOrigin = max(1, concurrency)
        configuration.proxies = proxies
        http = OutboundClient(configuration)
        self.logger = logger
    }

    /// Closes all connections; calls that are under way fail.
    package func shutdown() async { await http.shutdown() }
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
