import Synchronization

/// How many attempts may still begin.
final class Slots: Sendable {
    private struct State {
        var free: Int
        var isWanted = false
    }

    private let state: Mutex<State>
    let count: Int

    init(_ count: Int) {
        self.count = count
        state = Mutex(State(free: count))
    }

    /// How many are free.
    ///
    /// Asking when there is none makes the next one that is given back wanted.
    func free() -> Int {
        state.withLock { state in
            state.isWanted = state.free == 0
            return state.free
        }
    }

    var areAllFree: Bool { state.withLock { $0.free == count } }

    func take(_ taken: Int) {
        state.withLock { $0.free -= taken }
    }

    /// - Returns: Whether somebody waits for it.
    func giveBack() -> Bool {
        state.withLock { state in
            state.free += 1
            return state.isWanted || state.free == count
        }
    }
}
