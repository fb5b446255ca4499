import DurableExecution
import DurableTestKit
import Logging
import Synchronization
import Testing

struct Number: Codable, Sendable, Equatable {
    var n: Int
}

/// Where the executions of a test live.
enum Store: CaseIterable, Sendable {
    case memory, postgres

    func withStorage<Result: Sendable>(
        _ body: (any Storage) async throws -> Result
    ) async throws -> Result {
        switch self {
        case .memory: try await body(InMemoryStorage())
        case .postgres: try await PostgresFixture.with { try await body($0.storage) }
        }
    }
}

/// An executor on a storage of its own, which runs for as long as the body does.
func withRunningExecutor<Result: Sendable>(
    on store: Store = .memory,
    configuration: ExecutorConfiguration = .quick,
    _ body: (DurableExecutor) async throws -> Result
) async throws -> Result {
    try await store.withStorage { storage in
        let executor = DurableExecutor(storage: storage, configuration: configuration, logger: .silent)
        return try await run(executor) { try await body(executor) }
    }
}

/// Runs an executor for as long as the body runs.
func run<Result: Sendable>(_ executor: DurableExecutor, while body: () async throws -> Result) async throws -> Result {
    let running = Task { try await executor.run() }
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    running.cancel()
    _ = await running.result
    return try result.get()
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
