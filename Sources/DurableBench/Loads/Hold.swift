import Dispatch
import LibPQ

/// A snapshot of the database that is held for as long as one wants.
final class Hold: Sendable {
    private let end = DispatchSemaphore(value: 0)
    private let beginning: AsyncStream<Void>
    private let begin: AsyncStream<Void>.Continuation

    init() {
        (beginning, begin) = AsyncStream.makeStream()
    }

    /// Takes the snapshot and returns once it has been released.
    func snapshot(over pool: ConnectionPool) async throws {
        defer { begin.finish() }
        try await pool.transaction(isolation: .repeatableRead) { [begin, end] connection throws(DatabaseError) in
            try connection.query("select")
            begin.yield()
            // The thread is the connection's own.
            end.wait()
            try connection.query("select")
        }
    }

    /// Waits until the snapshot is there.
    func began() async throws {
        for await _ in beginning { return }
        throw BenchError("No snapshot could be taken")
    }

    /// Lets the snapshot go; any number of times.
    func release() {
        end.signal()
    }
}
