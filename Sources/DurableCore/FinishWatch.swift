/// Lets any number of callers wait for executions to finish at the price of one look-up for all.
///
/// Looks when a ``Signal/finished`` comes in, and every half second while anybody waits. Nobody waiting costs nothing.
package actor FinishWatch {
    private struct Waiter {
        let id: ExecutionID
        let continuation: CheckedContinuation<Void, Never>
    }

    private let storage: any Storage
    private var waiters: [Int: Waiter] = [:]
    private var nextWaiter = 0
    private var isLooking = false
    private var mustLookAgain = false

    private static let interval = Duration.milliseconds(500)
    /// How many executions one look-up asks for.
    private static let batch = 1000

    package init(storage: any Storage) {
        self.storage = storage
    }

    /// Looks until cancelled: on signals, and at intervals.
    package func run(signals: AsyncStream<Signal>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await signal in signals where signal == .finished { await self.look() }
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.interval)
                    await self.look()
                }
            }
            await group.next()
            group.cancelAll()
        }
        for waiter in waiters.values { waiter.continuation.resume() }
        waiters = [:]
    }

    /// Returns when the execution has finished or is gone, when the time is up or when the caller is cancelled;
    /// which of them, the caller sees when it reads the execution.
    package func wait(for id: ExecutionID, atMost timeout: Duration) async {
        let number = nextWaiter
        nextWaiter += 1
        let alarm = Task {
            try? await Task.sleep(for: timeout)
            self.wake(number)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard !Task.isCancelled else { return continuation.resume() }
                waiters[number] = Waiter(id: id, continuation: continuation)
                // It may have finished just before: whoever begins to wait has a look taken.
                Task { await self.look() }
            }
        } onCancel: {
            Task { await self.wake(number) }
        }
        alarm.cancel()
    }

    private func wake(_ number: Int) {
        waiters.removeValue(forKey: number)?.continuation.resume()
    }

    /// One look at a time; what asks for another meanwhile gets one more for all.
    private func look() async {
        guard !isLooking else {
            mustLookAgain = true
            return
        }
        isLooking = true
        repeat {
            mustLookAgain = false
            await lookOnce()
        } while mustLookAgain
        isLooking = false
    }

    private func lookOnce() async {
        let ids = Array(Set(waiters.values.map(\.id)))
        var settled: Set<ExecutionID> = []
        for start in stride(from: 0, to: ids.count, by: Self.batch) {
            let slice = Array(ids[start..<min(start + Self.batch, ids.count)])
            // A storage that is away is asked again by the next look.
            if let found = try? await storage.settled(among: slice) { settled.formUnion(found) }
        }
        guard !settled.isEmpty else { return }
        for (number, waiter) in waiters where settled.contains(waiter.id) { wake(number) }
    }
}
