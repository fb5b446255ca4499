import ArgumentParser
import DurableBench

/// A command of this program, run as a process that a benchmark has started: ends when the benchmark does.
struct BenchChild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench-child", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough) var arguments: [String] = []

    func run() async throws {
        ParentWatch.begin()
        var command = try Durable.parseAsRoot(arguments)
        if var command = command as? any AsyncParsableCommand {
            try await command.run()
        } else {
            try command.run()
        }
    }
}
