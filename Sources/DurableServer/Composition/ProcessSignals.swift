import Logging
import ServiceLifecycle
import UnixSignals

extension ServiceGroup {
    /// Runs the group under the signals of the process.
    ///
    /// The first SIGTERM or SIGINT shuts it down gracefully, the second cancels it; SIGHUP calls `reload`.
    func run(logger: Logger, reload: @escaping @Sendable () async -> Void) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        try await withThrowingTaskGroup(of: Ending.self) { tasks in
            tasks.addTask {
                try await self.run()
                return .services
            }
            tasks.addTask {
                var isShuttingDown = false
                for await signal in signals {
                    if signal == .sighup {
                        await reload()
                    } else if isShuttingDown {
                        logger.warning("Stopping at once; what is running will run elsewhere")
                        return .signal
                    } else {
                        logger.notice("Shutting down; signal again to stop at once", metadata: ["signal": "\(signal)"])
                        isShuttingDown = true
                        await self.triggerGracefulShutdown()
                    }
                }
                return .cancellation
            }
            let first = try await tasks.next()
            tasks.cancelAll()
            if first == .signal { throw StoppedBeforeDrained() }
        }
    }

    private enum Ending {
        case services
        case signal
        case cancellation
    }
}

/// The process was told twice to stop.
public struct StoppedBeforeDrained: Error, Sendable, CustomStringConvertible {
    /// What happened and what comes of it.
    public var description: String { "stopped before everything had ended; what was running will run elsewhere" }
}
