import DurableCore
import DurableWire

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The tasks that benchmarks enqueue.
enum BenchTask {
    /// Its procedure answers its input.
    static let plain: TaskID = "bench_plain"
    /// Its input is a number: it brings as many children of ``plain``.
    static let parent: TaskID = "bench_parent"
    /// The finalize task of ``parent``.
    static let finalize: TaskID = "bench_finalize"

    static let timeoutMs = 600_000

    /// Runs the body with a tasks file whose procedures are at that port.
    static func withFile<Value: Sendable>(
        echoPort: Int,
        _ body: (_ path: String) async throws -> Value
    ) async throws -> Value {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(BenchSchema.freshName()).yaml")
        let text = """
            endpoints:
              bench: { url: "http://127.0.0.1:\(echoPort)/rpc" }
            tasks:
              \(plain): { procedure: bench/echo, timeoutMs: \(timeoutMs) }
              \(finalize): { procedure: bench/nothing, timeoutMs: \(timeoutMs) }
              \(parent): { procedure: bench/parent, timeoutMs: \(timeoutMs), finalize: \(finalize) }
            """
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        return try await body(file.path)
    }
}
