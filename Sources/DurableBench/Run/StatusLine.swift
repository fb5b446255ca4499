import Synchronization

/// Tells on standard error what is being done, a line a second at most.
package final class StatusLine: Sendable {
    private struct State {
        var phase = ""
        var done = 0
        var total = 0
        var next = ContinuousClock.now
    }

    private let isOn: Bool
    private let state = Mutex(State())

    /// - Parameter isOn: `nil`: when standard error is a terminal.
    package init(isOn: Bool?) {
        self.isOn = isOn ?? Host.isErrorTerminal
    }

    /// Something else begins.
    ///
    /// - Parameter total: How much there is to do; 0 when that is not known.
    func begin(_ phase: String, of total: Int = 0) {
        guard isOn else { return }
        state.withLock { $0 = State(phase: phase, total: total, next: .now + .seconds(1)) }
        Host.writeError(phase)
    }

    /// So much more was done.
    func advance(by count: Int) {
        guard isOn else { return }
        let line: String? = state.withLock { state in
            state.done += count
            let now = ContinuousClock.now
            guard now >= state.next else { return nil }
            state.next = now + .seconds(1)
            let done = Report.number(Double(state.done), digits: 0)
            let total = state.total > 0 ? " of \(Report.number(Double(state.total), digits: 0))" : ""
            return "\(state.phase): \(done)\(total)"
        }
        if let line { Host.writeError(line) }
    }
}
