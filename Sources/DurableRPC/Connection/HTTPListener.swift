import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// Listens on a port and lets a responder answer.
struct HTTPListener<Responder: HTTPResponder>: Service where Responder.Context == ConnectionContext {
    let host: String
    let port: Int
    let requestTimeout: Duration
    let idleTimeout: Duration
    let responder: Responder
    let logger: Logger
    let onListening: @Sendable (_ port: Int) async -> Void

    func run() async throws {
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [
                        RequestIntakeHandler(timeout: TimeAmount(requestTimeout)), HangUpHandler(),
                    ],
                    idleTimeout: TimeAmount(idleTimeout)
                )
            ),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1024),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? port) },
            logger: logger
        )
        do {
            try await application.run()
        } catch let error as IOError {
            throw CannotListen(host: host, port: port, reason: error.description)
        } catch is SocketAddressError {
            throw CannotListen(host: host, port: port, reason: "the host is not known")
        }
    }
}
