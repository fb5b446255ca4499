import Dispatch
import Logging
import Synchronization

extension ConnectionPool.Shared {
    /// Whether the watchdog must be woken to notice that moment in time.
    mutating func mustWatch(_ moment: ContinuousClock.Instant?) -> Bool {
        guard let moment else { return false }
        if let watchdogWakes, watchdogWakes <= moment { return false }
        watchdogWakes = moment
        return true
    }

    /// Interrupts a session's turn; returns what a cancel request must be sent through, if one must.
    ///
    /// Called under the pool's lock, so that the turn cannot end and the next begin in between.
    func beginCancel(_ session: Int, _ reason: Interruption) -> ConnectionControl? {
        guard let control = controls[session], control.beginCancel(reason) else { return nil }
        return control
    }
}

extension ConnectionPool {
    /// Makes sure that the watchdog runs, and that it looks at the clock again.
    func watch() {
        let isRunning = shared.withLock { shared in
            defer { shared.isWatching = true }
            return shared.isWatching
        }
        if isRunning {
            watchdog.signal()
        } else if !DedicatedThread.start({ self.keepWatch() }) {
            shared.withLock { $0.isWatching = false }
            logger.error("No thread for timeouts: the system refuses to start one")
        }
    }

    /// Ends waits and turns whose time is up, and sleeps while nothing runs out.
    private func keepWatch() {
        while true {
            let (due, cancels, severs, lastConnectError, isOver) = shared.withLock { shared in
                let due = shared.state.due(at: .now)
                shared.watchdogWakes = due.next
                let isOver = shared.isDrained
                if isOver { shared.isWatching = false }
                return (
                    due,
                    due.cancels.compactMap { shared.beginCancel($0.session, $0.reason) },
                    due.severs.compactMap { shared.controls[$0] },
                    shared.state.isFailing ? shared.lastConnectError : nil,
                    isOver
                )
            }
            for request in due.expired {
                request.work.refuse(lastConnectError ?? DatabaseError(.timeout(.acquire)))
            }
            for control in cancels { control.sendCancel() }
            for control in severs { control.sever() }
            if isOver { return }
            announceDrained()
            if let next = due.next {
                let pause = max(.milliseconds(1), next - .now)
                _ = watchdog.wait(timeout: .now() + .milliseconds(Int(pause.wholeMilliseconds)))
            } else {
                watchdog.wait()
            }
        }
    }
}
