internal import NIOCore
internal import Synchronization

/// What a stub web app has seen, and the connections that it holds.
final class StubRecord: Sendable {
    private struct State {
        var requests: [StubRequest] = []
        var connections = 0
        var open: [Int: any Channel] = [:]
        var disconnects = 0
    }

    private let state = Mutex(State())

    var requests: [StubRequest] { state.withLock(\.requests) }
    var connections: Int { state.withLock(\.connections) }
    var open: [any Channel] { state.withLock { Array($0.open.values) } }
    var disconnects: Int { state.withLock(\.disconnects) }

    /// Counts a new connection and answers with its number.
    func opened(_ channel: any Channel) -> Int {
        state.withLock { state in
            defer { state.connections += 1 }
            state.open[state.connections] = channel
            return state.connections
        }
    }

    /// Counts a connection out.
    ///
    /// - Parameter midAnswer: Whether the other side still had an answer to get.
    func closed(_ number: Int, midAnswer: Bool) {
        state.withLock { state in
            state.open[number] = nil
            if midAnswer { state.disconnects += 1 }
        }
    }

    func append(_ make: (_ number: Int) -> StubRequest) -> StubRequest {
        state.withLock { state in
            let request = make(state.requests.count)
            state.requests.append(request)
            return request
        }
    }
}
