import ArgumentParser
import DurableClient
import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import UnixSignals

struct Number: Codable, Sendable {
    var n: Int
}

/// A small web app: its procedures do the work, the durable execution service decides when, and how often.
@main
struct WebApp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "example-web-app",
        abstract: "A web app whose procedures are run as durable tasks."
    )

    @Option(help: "The address to listen on.")
    var host = "127.0.0.1"

    @Option(help: "The port to listen on.")
    var port: Int

    @Option(help: "Where the durable execution service is, e.g. http://127.0.0.1:8080/rpc.")
    var durableURL: String

    @Option(help: "What the service knows this app by, or DURABLE_TOKEN; not needed for one that is open.")
    var token: String?

    @Flag(help: "Enqueue one execution of each task, wait for them, print what happened, and exit.")
    var runDemo = false

    func run() async throws {
        let router = Router()
        let rpc = router.group("rpc")
        // The same secret is in the tasks file, as one of the endpoint's signingSecrets.
        if let secrets = ProcessInfo.processInfo.environment["WEB_APP_SIGNING_SECRET"] {
            rpc.add(middleware: SignedCallsOnly(verifier: try WebhookVerifier(secrets: secrets)))
        }
        rpc.procedure("add1") { (input: Number, _) in Number(n: input.n + 1) }
        rpc.procedure("add2") { (input: Number, _) in Number(n: input.n + 2) }
        rpc.procedure("flaky") { (input: Number, call) in
            guard call.retryAttempt >= 2 else {
                throw ProcedureError(code: "SERVICE_UNAVAILABLE", status: 503, message: "The printer is out of paper")
            }
            return input
        }
        rpc.procedure("square") { (input: Number, _) in Number(n: input.n * input.n) }
        rpc.procedure("squares") { (input: Number, _) in
            Parent(output: input, children: (0..<input.n).map { .init(taskId: "square", input: Number(n: $0 + 1)) })
        }
        rpc.procedure("sum") { (results: Results, _) in
            Number(n: results.children.compactMap(\.output?.n).reduce(0, +))
        }
        rpc.procedure("arrived") { (due: Number, _) in
            let now = Int(Date.now.timeIntervalSince1970)
            return Iteration(isDone: now >= due.n, output: Number(n: now))
        }

        let token = token ?? ProcessInfo.processInfo.environment["DURABLE_TOKEN"]
        let client = try DurableClient(url: durableURL, token: token)
        var logger = Logger(label: "web-app")
        logger.logLevel = .warning
        let (listening, isListening) = AsyncStream<Never>.makeStream()
        let app = Application(
            router: router,
            configuration: .init(address: .hostname(host, port: port)),
            onServerRunning: { _ in isListening.finish() },
            logger: logger
        )

        let services = ServiceGroup(
            configuration: .init(services: [app], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        )
        guard runDemo else { return try await services.run() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            group.addTask {
                for await _ in listening {}
                try await Demo(client: client).run()
                await services.triggerGracefulShutdown()
            }
            try await group.waitForAll()
        }
    }
}
