import UnixSignals

/// Runs the body until it ends or the process is told to stop by SIGINT or SIGTERM.
///
/// The first signal cancels the body and waits for it to clean up; the second ends the process at once.
///
/// - Throws: ``Interrupted`` after a signal, else what the body throws.
package func interruptible<Value: Sendable>(
    _ status: StatusLine,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let work = Task { try await body() }
    let watch = Task { () -> Int32? in
        var first: Int32?
        for await signal in signals {
            let number: Int32 = signal == .sigint ? 2 : 15
            guard first == nil else { Host.exitNow(128 + number) }
            first = number
            status.begin("Stopping; cleaning up (again to stop at once, leaving a schema for `durable bench clean`)")
            work.cancel()
        }
        return first
    }
    let result = await work.result
    watch.cancel()
    if let signal = await watch.value { throw Interrupted(signal: signal) }
    return try result.get()
}
