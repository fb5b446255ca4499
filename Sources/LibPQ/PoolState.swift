/// Who waits for a connection and what every connection is doing: events go in, what to do about them comes out.
///
/// Pure: no clock, no thread, no lock. The pool calls it under its lock and acts on the answers afterwards.
///
///     dormant ──► connecting ──► idle ◄──► assigned ──► busy ──► idle · cleaning
///        ▲____________│______________________│___________│___________│
struct PoolState<Work: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant
    typealias Session = Int

    struct Request: Sendable {
        let id: UInt64
        let work: Work
        let acquireBy: Instant
        let deadline: Instant?
    }

    private struct Turn: Sendable {
        let id: UInt64
        let deadline: Instant?
        var interruption: (reason: Interruption, resendAt: Instant, severAt: Instant)?
        var isSevered = false
    }

    private enum Phase: Sendable {
        /// Has no connection and is not asked for one.
        case dormant
        /// Opens a connection, again and again while somebody waits.
        case connecting
        case idle
        /// Has been given a request and has not picked it up yet.
        case assigned(Request)
        case busy(Turn)
        /// The caller has its answer; a cancel request may still be on its way.
        case cleaning
    }

    private let maxWaiting: Int
    private let grace: Duration
    private let resendInterval = Duration.milliseconds(100)
    private var phases: [Phase]
    private var idle: [Session] = []
    private var waiters = Queue<Request>()
    /// Whether the last attempt to connect failed; then only one session tries, however many callers wait.
    private(set) var isFailing = false
    private(set) var isClosing = false

    init(sessions: Int, maxWaiting: Int, grace: Duration) {
        phases = Array(repeating: .dormant, count: sessions)
        self.maxWaiting = maxWaiting
        self.grace = grace
    }

    var usage: PoolUsage {
        var usage = PoolUsage(capacity: phases.count, waiting: waiters.count)
        for phase in phases {
            switch phase {
            case .dormant, .connecting: break
            case .idle: usage.connected += 1
            case .assigned, .busy, .cleaning:
                usage.connected += 1
                usage.outstanding += 1
            }
        }
        return usage
    }

    /// Whether everything that was accepted is done and every connection is closed.
    ///
    /// - Parameter leavingConnecting: Whether connections that are only being opened do not matter.
    func isDrained(leavingConnecting: Bool) -> Bool {
        isClosing && waiters.isEmpty
            && phases.allSatisfy {
                switch $0 {
                case .dormant: true
                case .connecting: leavingConnecting
                case .idle, .assigned, .busy, .cleaning: false
                }
            }
    }

    func isConnecting(_ session: Session) -> Bool {
        if case .connecting = phases[session] { true } else { false }
    }

    // MARK: Callers

    enum Admission {
        /// The session is to be woken and will find the request.
        case assigned(Session)
        /// The request waits; the session, if any, is to be woken and opens a connection.
        case waiting(open: Session?)
        case refused(DatabaseError.Kind)
    }

    mutating func enqueue(_ request: Request) -> Admission {
        if isClosing { return .refused(.closed) }
        if waiters.isEmpty, let session = idle.popLast() {
            phases[session] = .assigned(request)
            return .assigned(session)
        }
        guard waiters.count < maxWaiting else { return .refused(.overloaded) }
        waiters.append(request)
        return .waiting(open: sessionToOpen())
    }

    enum Cancellation {
        /// The request had not begun; nothing was sent.
        case withdrawn(Request)
        /// The request runs on that session, whose statement is to be cancelled.
        case interrupt(Session)
        /// The request is over, or its interruption has begun.
        case none
    }

    mutating func cancel(_ id: UInt64, now: Instant) -> Cancellation {
        for session in phases.indices {
            switch phases[session] {
            case .assigned(let request) where request.id == id:
                settle(session)
                return .withdrawn(request)
            case .busy(var turn) where turn.id == id:
                guard turn.interruption == nil else { return .none }
                interrupt(&turn, .cancelled, now)
                phases[session] = .busy(turn)
                return .interrupt(session)
            default: continue
            }
        }
        return waiters.remove { $0.id == id }.map(Cancellation.withdrawn) ?? .none
    }

    // MARK: Sessions

    /// What a session without a connection does next.
    enum Demand {
        case park
        case connect
        case end
    }

    func demand(_ session: Session) -> Demand {
        if isConnecting(session) { return .connect }
        return isClosing ? .end : .park
    }

    /// A session's connection stands; returns the sessions that should open theirs as well.
    mutating func opened(_ session: Session) -> [Session] {
        isFailing = false
        settle(session)
        var others: [Session] = []
        while let other = sessionToOpen() { others.append(other) }
        return others
    }

    /// A session could not connect; returns whether it should try again.
    mutating func failedToOpen(_ session: Session) -> Bool {
        isFailing = true
        phases[session] = .dormant
        guard !waiters.isEmpty, connectingCount == 0 else { return false }
        phases[session] = .connecting
        return true
    }

    /// Takes everybody out of the queue: there is nothing to wait for.
    mutating func withdrawWaiters() -> [Request] {
        waiters.removeAll { _ in true }
    }

    /// A session has no thread to work on; whoever waits, waits for another.
    mutating func threadRefused(_ session: Session) {
        isFailing = true
        phases[session] = .dormant
    }

    /// What a session with a connection does next.
    enum Assignment {
        case park
        case run(Request)
        /// Close the connection.
        case end
    }

    mutating func assignment(_ session: Session) -> Assignment {
        switch phases[session] {
        case .assigned(let request):
            phases[session] = .busy(Turn(id: request.id, deadline: request.deadline))
            return .run(request)
        case .idle where isClosing:
            idle.removeAll { $0 == session }
            phases[session] = .dormant
            return .end
        default: return .park
        }
    }

    enum Completion: Equatable {
        /// The session may have its next request already.
        case next
        /// A cancel request was sent and may still be on its way: clean up, then say `cleaned`.
        case clean
        /// The connection is of no more use: close it.
        case drop
    }

    mutating func finished(_ session: Session, isReusable: Bool) -> Completion {
        guard isReusable else {
            lost(session)
            return .drop
        }
        if case .busy(let turn) = phases[session], turn.interruption != nil {
            phases[session] = .cleaning
            return .clean
        }
        settle(session)
        return .next
    }

    mutating func cleaned(_ session: Session) { settle(session) }

    /// A session's connection is gone; it opens a new one if somebody waits.
    mutating func lost(_ session: Session) {
        phases[session] = .dormant
        if !waiters.isEmpty, !(isFailing && connectingCount > 0) { phases[session] = .connecting }
    }

    /// A session found its connection dead before it began the request; returns another that has the request now.
    mutating func returned(_ request: Request, by session: Session) -> Session? {
        if let other = idle.popLast() {
            phases[other] = .assigned(request)
            lost(session)
            return other
        }
        waiters.prepend(request)
        lost(session)
        return nil
    }

    // MARK: Time

    struct Due {
        /// Waited too long.
        var expired: [Request] = []
        var cancels: [(session: Session, reason: Interruption)] = []
        /// Cancelling did not help within the grace.
        var severs: [Session] = []
        /// When to look again; `nil` when nothing runs out.
        var next: Instant?
    }

    mutating func due(at now: Instant) -> Due {
        var due = Due()
        due.expired = waiters.removeAll { $0.acquireBy <= now }
        waiters.forEach { due.next = earlier(due.next, $0.acquireBy) }
        for session in phases.indices {
            guard case .busy(var turn) = phases[session] else { continue }
            if turn.interruption == nil, let deadline = turn.deadline, deadline <= now {
                interrupt(&turn, .deadline, now)
                due.cancels.append((session, .deadline))
            } else if let interruption = turn.interruption, !turn.isSevered {
                if interruption.severAt <= now {
                    turn.isSevered = true
                    due.severs.append(session)
                } else if interruption.resendAt <= now {
                    turn.interruption?.resendAt = now + resendInterval
                    due.cancels.append((session, interruption.reason))
                }
            }
            phases[session] = .busy(turn)
            if let interruption = turn.interruption {
                if !turn.isSevered {
                    due.next = earlier(due.next, min(interruption.resendAt, interruption.severAt))
                }
            } else if let deadline = turn.deadline {
                due.next = earlier(due.next, deadline)
            }
        }
        return due
    }

    // MARK: Closing

    /// Accepts nothing more; what was accepted is still served.
    mutating func close() { isClosing = true }

    /// Gives up on what has not begun and interrupts what has.
    mutating func abort(now: Instant) -> (withdrawn: [Request], interrupt: [Session]) {
        isClosing = true
        var withdrawn = withdrawWaiters()
        var interrupted: [Session] = []
        for session in phases.indices {
            switch phases[session] {
            case .assigned(let request):
                withdrawn.append(request)
                settle(session)
            case .busy(var turn) where turn.interruption == nil:
                interrupt(&turn, .cancelled, now)
                phases[session] = .busy(turn)
                interrupted.append(session)
            default: continue
            }
        }
        return (withdrawn, interrupted)
    }

    // MARK: Inside

    private var connectingCount: Int { phases.indices.count(where: isConnecting) }

    /// Gives the session the first waiter, or rest.
    private mutating func settle(_ session: Session) {
        if let request = waiters.popFirst() {
            phases[session] = .assigned(request)
        } else {
            phases[session] = .idle
            idle.append(session)
        }
    }

    /// Sets a session to connecting when more callers wait than connections are being opened.
    private mutating func sessionToOpen() -> Session? {
        let connecting = connectingCount
        guard waiters.count > connecting, !isFailing || connecting == 0 else { return nil }
        let session = phases.firstIndex {
            if case .dormant = $0 { true } else { false }
        }
        if let session { phases[session] = .connecting }
        return session
    }

    private func interrupt(_ turn: inout Turn, _ reason: Interruption, _ now: Instant) {
        turn.interruption = (reason, now + resendInterval, now + grace)
    }

    private func earlier(_ first: Instant?, _ second: Instant) -> Instant {
        first.map { min($0, second) } ?? second
    }
}
