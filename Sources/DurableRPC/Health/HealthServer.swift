import DurableWire
import Hummingbird
package import Logging
import ServiceLifecycle

/// Answers `/healthz` and `/readyz` and nothing else: for processes that are no front ends.
package struct HealthServer: Service {
    private let host: String
    private let port: Int
    private let readiness: @Sendable () async -> Readiness
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// - Parameters:
    ///   - port: The port to listen on; 0 is any that is free.
    ///   - readiness: Whether the process can do its work. Asked at most once a second; the reason it gives is public.
    ///   - onListening: Called once, with the port that is listened on.
    package init(
        host: String,
        port: Int,
        readiness: @escaping @Sendable () async -> Readiness,
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.readiness = readiness
        self.logger = logger
        self.onListening = onListening
    }

    package func run() async throws {
        let probe = ReadinessProbe(check: readiness)
        let health = HealthRoutes(probe: probe)
        let listener = HTTPListener(
            host: host,
            port: port,
            requestTimeout: .seconds(10),
            idleTimeout: .seconds(60),
            responder: CallbackResponder { request, _ in
                await health.answer(request) ?? Answer(RPCError.notFound).response(to: request)
            },
            logger: logger,
            onListening: onListening
        )
        let services: [any Service] = [listener, Draining(probe: probe, delay: .zero)]
        try await ServiceGroup(configuration: .init(services: services, logger: logger)).run()
    }
}
