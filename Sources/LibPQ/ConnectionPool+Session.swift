import Dispatch
import Logging
import Synchronization

extension ConnectionPool {
    /// Wakes a session's thread, or starts it.
    func wake(_ session: Int) {
        let isStarted = shared.withLock { !$0.threads.insert(session).inserted }
        if isStarted {
            wakeups[session].signal()
        } else if !DedicatedThread.start({ self.serve(session) }) {
            shared.withLock { shared in
                shared.threads.remove(session)
                shared.lastConnectError = .connect("the system refuses to start a thread")
                shared.state.threadRefused(session)
            }
        }
    }

    /// The life of a session's thread: opens a connection when one is wanted, and serves callers until it breaks.
    private func serve(_ session: Int) {
        var backoff = Backoff()
        while waitForDemand(session) {
            do throws(DatabaseError) {
                let generation = shared.withLock { $0.generation }
                var connection = try Connection.open(configuration, logger: logger)
                backoff = Backoff()
                opened(session, connection.control)
                serve(&connection, session, generation)
                shared.withLock { $0.controls[session] = nil }
            } catch {
                if failedToOpen(session, error) {
                    _ = wakeups[session].wait(timeout: .now() + .milliseconds(backoff.next()))
                }
            }
        }
        announceDrained()
    }

    /// Serves callers until the connection breaks or the pool closes.
    private func serve(_ connection: inout Connection, _ session: Int, _ generation: Int) {
        while let (request, wasIdle) = waitForAssignment(session) {
            // Only rest is suspicious: a connection that has just answered is alive.
            let isOutdated = shared.withLock { $0.generation > generation }
            if isOutdated || wasIdle && !connection.isAlive() {
                giveBack(request, session)
                return
            }
            let announce = request.work.perform(&connection)
            let isFollowed = connection.follower != nil
            if isFollowed {
                // The caller has what it wants; the next one has to wait.
                announce()
                connection.awaitFollower()
            }
            let (isReusable, isReadOnly) = (connection.isReusable, connection.isReadOnly)
            let completion = shared.withLock { shared in
                if isReadOnly, shared.generation == generation { shared.generation += 1 }
                return shared.state.finished(session, isReusable: isReusable)
            }
            if !isFollowed { announce() }
            switch completion {
            case .next: continue
            case .drop: return
            case .clean:
                let isClean = connection.settleCancels(atMost: configuration.cancelGrace)
                shared.withLock { shared in
                    if isClean { shared.state.cleaned(session) } else { shared.state.lost(session) }
                }
                if !isClean { return }
            }
        }
    }

    /// Blocks until the session should connect; `false` when its thread is to end, since the pool is closing.
    private func waitForDemand(_ session: Int) -> Bool {
        while true {
            let demand = shared.withLock { shared in
                let demand = shared.state.demand(session)
                if case .end = demand { shared.threads.remove(session) }
                return demand
            }
            switch demand {
            case .connect: return true
            case .end: return false
            case .park: wakeups[session].wait()
            }
        }
    }

    /// Blocks until the session has a request; `nil` when it should close its connection.
    private func waitForAssignment(_ session: Int) -> (PoolState<Checkout>.Request, wasIdle: Bool)? {
        var wasIdle = false
        while true {
            let (assignment, wakeWatchdog) = shared.withLock { shared in
                let assignment = shared.state.assignment(session)
                guard case .run(let request) = assignment else { return (assignment, false) }
                shared.controls[session]?.reset()
                return (assignment, shared.mustWatch(request.deadline))
            }
            if wakeWatchdog { watch() }
            switch assignment {
            case .run(let request): return (request, wasIdle)
            case .end: return nil
            case .park:
                wasIdle = true
                wakeups[session].wait()
            }
        }
    }

    /// Lets another session have the request, or this one once it has a new connection.
    private func giveBack(_ request: PoolState<Checkout>.Request, _ session: Int) {
        let (other, wakeWatchdog) = shared.withLock { shared in
            (shared.state.returned(request, by: session), shared.mustWatch(request.acquireBy))
        }
        if let other { wake(other) }
        if wakeWatchdog { watch() }
    }

    private func opened(_ session: Int, _ control: ConnectionControl) {
        let (others, wasFailing) = shared.withLock { shared in
            let wasFailing = shared.state.isFailing
            shared.controls[session] = control
            shared.lastConnectError = nil
            return (shared.state.opened(session), wasFailing)
        }
        if wasFailing { logger.notice("PostgreSQL can be reached again") }
        for other in others { wake(other) }
    }

    /// Records a failed attempt to connect; returns whether to try again.
    private func failedToOpen(_ session: Int, _ error: DatabaseError) -> Bool {
        let (withdrawn, tryAgain, wasFailing) = shared.withLock { shared in
            let wasFailing = shared.state.isFailing
            shared.lastConnectError = error
            let withdrawn = error.isTransient ? [] : shared.state.withdrawWaiters()
            return (withdrawn, shared.state.failedToOpen(session), wasFailing)
        }
        for request in withdrawn { request.work.refuse(error) }
        if !wasFailing {
            logger.warning("PostgreSQL cannot be reached", metadata: ["error": "\(error)"])
        }
        return tryAgain
    }
}
