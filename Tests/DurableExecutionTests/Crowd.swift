import Synchronization

/// Counts how many are inside at once, and remembers the most there have been.
final class Crowd: Sendable {
    private let counts = Mutex((inside: 0, most: 0))

    var most: Int { counts.withLock { $0.most } }

    func join<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        counts.withLock { counts in
            counts.inside += 1
            counts.most = max(counts.most, counts.inside)
        }
        defer { counts.withLock { $0.inside -= 1 } }
        return try await body()
    }
}
