import DurableExecution
import Logging
import Synchronization
import Testing

struct Number: Codable, Sendable, Equatable {
    var n: Int
}

/// An executor on a storage of its own, which runs for as long as the body does.
func withRunningExecutor<Result>(
    configuration: ExecutorConfiguration = .quick,
    _ body: (DurableExecutor) async throws -> Result
) async throws -> Result {
    let executor = DurableExecutor(storage: InMemoryStorage(), configuration: configuration, logger: .silent)
    let running = Task { try await executor.run() }
    defer { running.cancel() }
    return try await body(executor)
}

extension ExecutorConfiguration {
    static var quick: ExecutorConfiguration {
        var configuration = ExecutorConfiguration()
        configuration.drain = .seconds(5)
        configuration.longestPoll = .milliseconds(100)
        return configuration
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Counts, and lets a test wait for a count.
final class Tally: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    @discardableResult
    func increment() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }

    func reach(_ expected: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(20))
        while value < expected {
            try #require(
                ContinuousClock.now < deadline,
                "the count stayed at \(value)",
                sourceLocation: sourceLocation
            )
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
