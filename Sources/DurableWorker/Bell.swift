import Synchronization

/// Wakes one waiting task.
///
/// Rings while nobody waits are remembered, as one.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
        var wait = 0
        /// The last wait that was over before anybody waited.
        var missed = 0
    }

    private let state = Mutex(State())

    func ring() {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let waiter = state.waiter else {
                state.isRung = true
                return nil
            }
            state.waiter = nil
            return waiter
        }?.resume()
    }

    /// Returns at the next ring, when the time is up or when the task is cancelled.
    func wait(atMost timeout: Duration?) async {
        let number = state.withLock { state in
            state.wait += 1
            return state.wait
        }
        let alarm = timeout.map { timeout in
            Task {
                try? await Task.sleep(for: timeout)
                self.giveUp(number)
            }
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if state.isRung || state.missed == number || Task.isCancelled {
                        state.isRung = false
                        return false
                    }
                    state.waiter = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            giveUp(number)
        }
        alarm?.cancel()
    }

    private func giveUp(_ number: Int) {
        state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.wait == number else { return nil }
            guard let waiter = state.waiter else {
                state.missed = number
                return nil
            }
            state.waiter = nil
            return waiter
        }?.resume()
    }
}
