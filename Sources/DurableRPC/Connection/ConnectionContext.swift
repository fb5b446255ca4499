import DurableCore
import Hummingbird
import NIOCore

/// What the answer to a request may depend on besides the request: whether anybody is still there to read it.
struct ConnectionContext: InitializableFromSource {
    private let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        channel = source.channel
    }

    /// Does the work unless the client hangs up: then the work is cancelled, and the call throws.
    func whileConnected<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let notices = channel.eventLoop.submit { [channel] in
            try channel.pipeline.syncOperations.handler(type: HangUpHandler.self).hangUp
        }
        // A connection that is gone has lost its handlers.
        guard let hangUp = try? await notices.get() else { throw CancellationError() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                await hangUp.wait()
                return nil
            }
            defer { group.cancelAll() }
            guard let value = try await group.next() ?? nil else { throw CancellationError() }
            return value
        }
    }
}
