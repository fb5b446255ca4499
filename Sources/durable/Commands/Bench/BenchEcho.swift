import ArgumentParser
import DurableBench

/// The procedures that a benchmark's workers call, as a process of their own.
struct BenchEcho: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench-echo", shouldDisplay: false)

    @Argument var port: Int
    @Argument var delayMs: Int

    func run() async throws {
        try await EchoServer.start(port: port, delay: .milliseconds(delayMs)).serve()
    }
}
