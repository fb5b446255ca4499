internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Synchronization

/// The connections to one origin, and the calls that wait for one.
///
/// One short lock is taken when a call comes and once more when its connection is free again. It makes the limit exact,
/// the order of waiting calls that of their coming, and the connection used last the first to be used again, whichever
/// event loops the connections are on; so those that a quiet time leaves over fall idle and are closed.
final class Origin: Sendable {
    private struct State {
        /// Those without a call; the last was used last.
        var idle: [Connection] = []
        /// Those that count: from the decision to connect until they are given up.
        var all: [ObjectIdentifier: Connection] = [:]
        var queue = CircularBuffer<OutboundCall>()
        /// When the queue is looked through for calls whose time is over.
        var sweep: (time: NIODeadline, timer: Scheduled<Void>)?
        var isShutDown = false
        /// Who waits until no connection is left.
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    /// What becomes of a call that has just come.
    private enum Step {
        case send(Connection)
        case connect(Connection)
        case wait
        case fail(OutboundFailure.Cause)
    }

    /// What has to be done when a connection was given up.
    private enum FollowUp {
        case none
        case connect(Connection, OutboundCall)
        case closed([CheckedContinuation<Void, Never>])
    }

    let route: Route
    let configuration: OutboundConfiguration
    private let group: any EventLoopGroup
    private let state: NIOLockedValueBox<State>

    /// - Parameter isShutDown: Whether it takes in nothing from the beginning.
    init(route: Route, configuration: OutboundConfiguration, group: any EventLoopGroup, isShutDown: Bool) {
        self.route = route
        self.configuration = configuration
        self.group = group
        state = NIOLockedValueBox(State(isShutDown: isShutDown))
    }

    // MARK: Calls

    /// Takes in a call that has no connection.
    func submit(_ call: OutboundCall) {
        switch state.withLockedValue({ step(of: call, in: &$0) }) {
        case .send(let connection): connection.onItsLoop { connection.send(call) }
        case .connect(let connection): connection.onItsLoop { connection.open(for: call) }
        case .wait: break
        case .fail(let cause): call.finish(.failure(OutboundFailure(cause, .waiting)))
        }
    }

    private func step(of call: OutboundCall, in state: inout State) -> Step {
        if call.isCancelled.load(ordering: .sequentiallyConsistent) { return .fail(.cancelled) }
        if state.isShutDown { return .fail(.shutDown) }
        if let connection = state.idle.popLast() {
            call.place = .connection(connection)
            return .send(connection)
        }
        if state.all.count < configuration.connectionsPerOrigin {
            return .connect(addConnection(for: call, on: group.next(), in: &state))
        }
        state.queue.append(call)
        call.place = .queue
        scheduleSweep(by: call.deadline, in: &state)
        return .wait
    }

    /// Aborts a call that has been marked as cancelled, wherever it is.
    func cancel(_ call: OutboundCall) {
        let place = state.withLockedValue { state in
            defer {
                if case .queue = call.place {
                    state.queue.removeAll { $0 === call }
                    call.place = .nowhere
                }
            }
            return call.place
        }
        switch place {
        // Whoever takes it in, or takes it on next, finds the mark.
        case .nowhere: break
        case .queue: call.finish(.failure(OutboundFailure(.cancelled, .waiting)))
        case .connection(let connection): connection.onItsLoop { connection.abort(call) }
        }
    }

    // MARK: Connections

    /// The call that has waited longest, for a connection that is free again; without one the connection falls idle.
    func nextCall(for connection: Connection) -> OutboundCall? {
        state.withLockedValue { state in
            guard let call = state.queue.popFirst() else {
                state.idle.append(connection)
                return nil
            }
            call.place = .connection(connection)
            return call
        }
    }

    /// Takes a connection out that wants to close because it is idle.
    ///
    /// - Returns: Whether it was; otherwise a call is on its way to it.
    func retire(_ connection: Connection) -> Bool {
        let isIdle = state.withLockedValue { state in
            guard let index = state.idle.firstIndex(where: { $0 === connection }) else { return false }
            state.idle.remove(at: index)
            return true
        }
        if isIdle { remove(connection) }
        return isIdle
    }

    /// Counts a connection out that is given up, and connects anew for the call that has waited longest.
    func remove(_ connection: Connection) {
        let followUp = state.withLockedValue { state -> FollowUp in
            state.all[ObjectIdentifier(connection)] = nil
            state.idle.removeAll { $0 === connection }
            if state.isShutDown {
                guard state.all.isEmpty else { return .none }
                defer { state.closing = [] }
                return .closed(state.closing)
            }
            guard let call = state.queue.popFirst() else { return .none }
            return .connect(addConnection(for: call, on: group.next(), in: &state), call)
        }
        switch followUp {
        case .none: break
        case .connect(let connection, let call): connection.onItsLoop { connection.open(for: call) }
        case .closed(let waiting): for waiting in waiting { waiting.resume() }
        }
    }

    /// Puts a fresh connection in the place of one that was closed, for the call that it had taken on.
    func replace(_ connection: Connection, for call: OutboundCall) {
        let fresh = state.withLockedValue { state -> Connection? in
            guard !state.isShutDown else { return nil }
            state.all[ObjectIdentifier(connection)] = nil
            return addConnection(for: call, on: connection.eventLoop, in: &state)
        }
        if let fresh { return fresh.open(for: call) }
        remove(connection)
        call.finish(.failure(OutboundFailure(.shutDown, .asked)))
    }

    private func addConnection(
        for call: OutboundCall,
        on eventLoop: any EventLoop,
        in state: inout State
    ) -> Connection {
        let connection = Connection(to: self, on: eventLoop)
        state.all[ObjectIdentifier(connection)] = connection
        call.place = .connection(connection)
        return connection
    }

    // MARK: The queue's deadlines

    /// Sees to it that the queue is looked through at a moment, or before.
    private func scheduleSweep(by time: NIODeadline, in state: inout State) {
        if let sweep = state.sweep {
            guard time < sweep.time else { return }
            sweep.timer.cancel()
        }
        state.sweep = (time, group.any().scheduleTask(deadline: time) { self.sweep() })
    }

    private func sweep() {
        let late = state.withLockedValue { state in
            state.sweep = nil
            let now = NIODeadline.now()
            let late = state.queue.filter { $0.deadline <= now }
            state.queue.removeAll { $0.deadline <= now }
            for call in late { call.place = .nowhere }
            if let next = state.queue.lazy.map(\.deadline).min() { scheduleSweep(by: next, in: &state) }
            return late
        }
        for call in late { call.finish(.failure(OutboundFailure(.deadline, .waiting))) }
    }

    // MARK: Shutting down

    /// Ends all calls, closes all connections, and takes in nothing more.
    func shutdown() async {
        let (queued, connections) = state.withLockedValue { state in
            state.isShutDown = true
            state.sweep?.timer.cancel()
            state.sweep = nil
            defer { state.queue.removeAll() }
            for call in state.queue { call.place = .nowhere }
            return (Array(state.queue), Array(state.all.values))
        }
        for call in queued { call.finish(.failure(OutboundFailure(.shutDown, .waiting))) }
        for connection in connections { connection.onItsLoop { connection.shutdown() } }
        await withCheckedContinuation { continuation in
            let isDone = state.withLockedValue { state in
                if !state.all.isEmpty { state.closing.append(continuation) }
                return state.all.isEmpty
            }
            if isDone { continuation.resume() }
        }
    }
}
