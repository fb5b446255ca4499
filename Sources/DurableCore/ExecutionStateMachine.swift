/// What an execution becomes when something happens to it: the one place that decides.
///
/// Pure: no clock, no storage, no `async`. Storages compare and write what it decides, and the schema's checks refuse
/// what it would never decide.
///
/// ```mermaid
/// stateDiagram-v2
///     [*] --> ready: enqueue
///     [*] --> running: enqueue of a sleeper
///     [*] --> waiting_for_children: enqueue of a sequence or loop
///     ready --> running: leased
///     running --> ready: ended, retryable and retries left / worker lost / lease given back
///     running --> completed: ended with an output / woken up
///     running --> failed: ended with an error / worker lost too often / woken up with an error
///     running --> timed_out: ended by timeout
///     running --> waiting_for_children: ended with children
///     running --> waiting_for_finalize: ended without children, has a finalize task
///     waiting_for_children --> waiting_for_children: next member, next iteration
///     waiting_for_children --> waiting_for_finalize: all children ended, has a finalize task
///     waiting_for_children --> completed: all children ended
///     waiting_for_children --> failed: a child failed, under the policy `fail`
///     waiting_for_children --> finalize_failed: a member or iteration did not complete
///     waiting_for_finalize --> completed: finalize completed
///     waiting_for_finalize --> finalize_failed: finalize did not complete
///     failed --> ready: retried by hand
///     finalize_failed --> waiting_for_finalize: retried by hand
/// ```
///
/// Besides, every unfinished status goes to `cancelled` when somebody asks for it and to `timed_out` when the overall
/// deadline passes, and every finished status but `completed` goes on when it is retried by hand.
public enum ExecutionStateMachine {
    /// What the decision depends on.
    public struct State: Sendable, Hashable {
        public var execution: ExecutionReference
        public var kind: TaskKind
        public var status: ExecutionStatus
        public var retryOptions: RetryOptions
        public var retryAttempts: Int
        public var leaseLosses: Int

        public init(
            execution: ExecutionReference,
            kind: TaskKind = .single,
            status: ExecutionStatus,
            retryOptions: RetryOptions = .none,
            retryAttempts: Int = 0,
            leaseLosses: Int = 0
        ) {
            self.execution = execution
            self.kind = kind
            self.status = status
            self.retryOptions = retryOptions
            self.retryAttempts = retryAttempts
            self.leaseLosses = leaseLosses
        }
    }

    /// What can happen to an execution.
    public enum Event: Sendable, Hashable {
        /// A worker took the lease.
        case leased
        /// The attempt ended.
        case ended(Outcome, Circumstances)
        /// The lease's worker died; an execution that outlives `maximum` such losses has failed.
        case workerLost(maximum: Int)
        /// The worker gave the lease back unused, or used in vain, because it is shutting down.
        case released
        /// Somebody asked for the execution to end, or its parent ended; the error says who and why.
        case cancelled(ExecutionError)
        /// Its overall deadline passed.
        case expired
        /// Somebody woke the sleeper up.
        case wokenUp(WakeUp.Result)
        /// A child ended without completing, while others may be under way.
        case childFailed(ChildEnd)
        /// All children ended. Of a sequence or loop the last one is told.
        ///
        /// - Parameter carried: What the attempt answered with them; a loop's input, which every iteration gets.
        case childrenEnded(carried: Payload, [ChildEnd])
        /// The finalize execution ended.
        case finalizeEnded(Ending)
        /// Somebody asked for a finished execution to run again; `isResumable` when the child or finalize execution that
        /// it ended with is there to be retried in its place.
        case retried(isResumable: Bool)
    }

    /// What the settlement of an attempt depends on besides its outcome.
    public struct Circumstances: Sendable, Hashable {
        /// 0 to 1: feeds the retry's jitter.
        public var chance: Double
        /// The tasks that the outcome's children are of, as far as they are known.
        public var tasks: [TaskID: TaskDefinition]
        /// How many children an execution may have.
        public var maxChildren: Int

        public init(
            chance: Double = 0,
            tasks: [TaskID: TaskDefinition] = [:],
            maxChildren: Int = Self.defaultMaxChildren
        ) {
            self.chance = chance
            self.tasks = tasks
            self.maxChildren = maxChildren
        }

        public static let defaultMaxChildren = 10_000
    }

    /// What is to be written.
    public enum Transition: Sendable, Hashable {
        /// Stays as it is.
        case unchanged
        /// Becomes running, under the next lease number.
        case run
        /// Becomes ready again after a delay.
        ///
        /// - Parameters:
        ///   - delayMs: Milliseconds from now, by the storage's clock; `nil` keeps the place in the queue that it had.
        ///   - error: What the next attempt is told; `nil` keeps what it would have been told anyway.
        ///   - cost: What the execution has used up.
        case ready(delayMs: Double?, error: ExecutionError?, cost: Cost)
        /// Waits for these children, at least one, stored with it; `output` is kept for when they have ended.
        case spawn(output: Payload, children: [NewExecution])
        /// Waits for one more child, stored with it: the next of a sequence or loop.
        case next(NewExecution)
        /// Waits for its finalize execution, stored with it.
        case finalize(NewExecution)
        /// Begins anew as it was stored: ready, or asleep, or with its first member; what was used up is given back.
        case restart
        /// Waits again for the child or finalize execution that it ended with, which is retried with it.
        case resume
        /// Ends for good.
        case finish(Ending)
    }

    /// What becoming ready again uses up.
    public enum Cost: Sendable, Hashable {
        case nothing
        case retry
        case leaseLoss
    }

    /// How an execution ends: the final status and what goes with it.
    public enum Ending: Sendable, Hashable {
        case completed(Payload)
        case failed(ExecutionError)
        case timedOut(ExecutionError)
        case finalizeFailed(ExecutionError)
        case cancelled(ExecutionError)

        public var status: ExecutionStatus {
            switch self {
            case .completed: .completed
            case .failed: .failed
            case .timedOut: .timedOut
            case .finalizeFailed: .finalizeFailed
            case .cancelled: .cancelled
            }
        }

        public var output: Payload? {
            if case .completed(let output) = self { output } else { nil }
        }

        public var error: ExecutionError? {
            switch self {
            case .completed: nil
            case .failed(let error), .timedOut(let error), .finalizeFailed(let error), .cancelled(let error): error
            }
        }

        /// The ending that an error leads to when it is not tried again.
        public init(_ error: ExecutionError) {
            switch error.kind {
            case .generic, .notFound: self = .failed(error)
            case .timedOut: self = .timedOut(error)
            case .cancelled: self = .cancelled(error)
            }
        }

        /// The ending that a finished execution's status, output and error tell of; `nil` for an unfinished status.
        public init?(_ status: ExecutionStatus, output: Payload, error: ExecutionError?) {
            let error = error ?? .nonRetryable("Unknown error")
            switch status {
            case .completed: self = .completed(output)
            case .failed: self = .failed(error)
            case .timedOut: self = .timedOut(error)
            case .finalizeFailed: self = .finalizeFailed(error)
            case .cancelled: self = .cancelled(error)
            case .ready, .running, .waitingForChildren, .waitingForFinalize: return nil
            }
        }
    }

    /// An event that cannot happen to an execution of that status: a bug in the caller.
    public struct IllegalTransition: Error, Sendable, Hashable {
        public let status: ExecutionStatus
        public let event: Event
    }

    /// The transition that an event causes.
    public static func transition(from state: State, on event: Event) throws(IllegalTransition) -> Transition {
        let isAsleep = state.status == .running && state.kind == .sleeping
        switch (state.status, event) {
        case (.ready, .leased) where state.kind.isLeased:
            return .run
        case (.running, .ended(let outcome, let circumstances)) where !isAsleep:
            return settle(state, outcome, circumstances)
        case (.running, .workerLost(let maximum)) where !isAsleep:
            let losses = state.leaseLosses + 1
            if losses > maximum { return .finish(.failed(.leaseLostTooOften(losses))) }
            return .ready(delayMs: 0, error: .expired, cost: .leaseLoss)
        case (.running, .released) where !isAsleep:
            return .ready(delayMs: nil, error: nil, cost: .nothing)
        case (.running, .wokenUp(let result)) where isAsleep:
            return .finish(result.ending)
        case (.waitingForChildren, .childFailed(let child)):
            return childFailed(state, child)
        case (.waitingForChildren, .childrenEnded(let carried, let children)):
            return childrenEnded(state, carried, children)
        case (.waitingForFinalize, .finalizeEnded(let ending)):
            return .finish(finalized(state, ending))
        case (.ready, .cancelled(let error)), (.running, .cancelled(let error)),
            (.waitingForChildren, .cancelled(let error)), (.waitingForFinalize, .cancelled(let error)):
            return .finish(.cancelled(error))
        case (.ready, .expired), (.running, .expired), (.waitingForChildren, .expired), (.waitingForFinalize, .expired):
            return .finish(.timedOut(.timedOut))
        case (.failed, .retried(let isResumable)), (.timedOut, .retried(let isResumable)),
            (.finalizeFailed, .retried(let isResumable)), (.cancelled, .retried(let isResumable)):
            return retried(state, isResumable: isResumable)
        // Who comes late finds it finished, and leaves it so.
        case (.completed, .cancelled), (.failed, .cancelled), (.timedOut, .cancelled), (.finalizeFailed, .cancelled),
            (.cancelled, .cancelled),
            (.completed, .expired), (.failed, .expired), (.timedOut, .expired), (.finalizeFailed, .expired),
            (.cancelled, .expired),
            (.completed, .wokenUp), (.failed, .wokenUp), (.timedOut, .wokenUp), (.cancelled, .wokenUp):
            return .unchanged
        case (.ready, _), (.running, _), (.waitingForChildren, _), (.waitingForFinalize, _),
            (.completed, _), (.failed, _), (.timedOut, _), (.finalizeFailed, _), (.cancelled, _):
            throw IllegalTransition(status: state.status, event: event)
        }
    }

    // MARK: An attempt ended

    private static func settle(_ state: State, _ outcome: Outcome, _ circumstances: Circumstances) -> Transition {
        switch outcome {
        case .completed(let output):
            return .finish(.completed(output))
        case .spawned(let output, let children):
            return spawn(state, output, children, circumstances)
        case .failed(let error, let retryAfterMs):
            guard error.isRetryable, state.retryAttempts < state.retryOptions.maxAttempts else {
                return .finish(Ending(error))
            }
            let delay = state.retryOptions.delay(afterAttempt: state.retryAttempts, chance: circumstances.chance)
            return .ready(delayMs: max(delay, retryAfterMs), error: error, cost: .retry)
        }
    }

    private static func spawn(
        _ state: State,
        _ output: Payload,
        _ requests: [ChildRequest],
        _ circumstances: Circumstances
    ) -> Transition {
        guard !requests.isEmpty else { return conclude(state, output, []) }
        guard requests.count <= circumstances.maxChildren else {
            return .finish(
                .failed(.tooManyChildren(of: state.execution.taskID, requests.count, circumstances.maxChildren))
            )
        }
        var children: [NewExecution] = []
        children.reserveCapacity(requests.count)
        for (index, request) in requests.enumerated() {
            guard let task = circumstances.tasks[request.taskID] else {
                return .finish(.failed(.childNotFound(request.taskID, index: index)))
            }
            do {
                children.append(try NewExecution(of: task, input: request.input, options: request.options))
            } catch {
                return .finish(.failed(.childRefused(request.taskID, index: index, error.message)))
            }
        }
        return .spawn(output: output, children: children)
    }

    // MARK: Children ended

    private static func childFailed(_ state: State, _ child: ChildEnd) -> Transition {
        switch state.kind {
        case .parent(finalize: _, onChildFailure: .fail): .finish(.failed(.childFailed(child)))
        case .parent(finalize: _, onChildFailure: .continue), .single, .sequence, .loop, .sleeping: .unchanged
        }
    }

    private static func childrenEnded(_ state: State, _ carried: Payload, _ children: [ChildEnd]) -> Transition {
        switch state.kind {
        case .sequence(let members): memberEnded(state, members, children.last)
        case .loop(let loop): iterationEnded(loop, input: carried, children.last)
        case .single, .parent, .sleeping: conclude(state, carried, children)
        }
    }

    /// A parent's result, or the finalize execution that makes it.
    private static func conclude(_ state: State, _ output: Payload, _ children: [ChildEnd]) -> Transition {
        let results = Payload(output: output, children: children)
        guard results.size <= largestResults else {
            return .finish(.resultsTooLarge(of: state.execution.taskID, results.size))
        }
        guard case .parent(finalize: let finalize?, onChildFailure: _) = state.kind else {
            return .finish(.completed(results))
        }
        do {
            return .finalize(try NewExecution(member: finalize, input: results).checked())
        } catch {
            return .finish(.finalizeFailed(.nonRetryable(error.message)))
        }
    }

    /// The most that the outputs of an execution's children may come to, in bytes of JSON.
    public static let largestResults = 16 << 20

    private static func memberEnded(_ state: State, _ members: [TaskDefinition], _ last: ChildEnd?) -> Transition {
        guard let last else { return .finish(.finalizeFailed(.nonRetryable("The sequence has lost its members"))) }
        guard case .completed(let output) = last.ending else {
            return .finish(
                .finalizeFailed(.memberFailed(state.execution.taskID, last.index, last.ending.error?.message))
            )
        }
        let next = last.index + 1
        guard next < members.count else { return .finish(.completed(output)) }
        do {
            return .next(try NewExecution(member: members[next], input: output).checked())
        } catch {
            return .finish(.finalizeFailed(.memberFailed(state.execution.taskID, next, error.message)))
        }
    }

    private static func iterationEnded(_ loop: LoopPlan, input: Payload, _ last: ChildEnd?) -> Transition {
        guard let last else { return .finish(.finalizeFailed(.nonRetryable("The loop has lost its iterations"))) }
        guard case .completed(let output) = last.ending else {
            return .finish(.finalizeFailed(.iterationFailed(loop.iteration.id, last.ending.error?.message)))
        }
        guard let answer = LoopAnswer(output) else {
            return .finish(.finalizeFailed(.iterationFailed(loop.iteration.id, LoopAnswer.expectation)))
        }
        switch answer {
        case .done(let result):
            return .finish(.completed(Payload(loopResult: result)))
        case .notYet where last.index + 1 < loop.maxAttempts:
            return .next(NewExecution(iteration: last.index + 1, of: loop, input: input))
        case .notYet:
            return .finish(.completed(Payload(loopResult: nil)))
        }
    }

    private static func finalized(_ state: State, _ ending: Ending) -> Ending {
        switch ending {
        case .completed: ending
        case .failed(let error), .timedOut(let error), .finalizeFailed(let error), .cancelled(let error):
            .finalizeFailed(error)
        }
    }

    // MARK: Retried by hand

    private static func retried(_ state: State, isResumable: Bool) -> Transition {
        if isResumable, state.kind.isChain || state.status == .finalizeFailed { return .resume }
        return .restart
    }
}

extension ExecutionStateMachine {
    /// The settlement of an attempt made under a lease.
    public static func settlement(of lease: Lease, _ outcome: Outcome, _ circumstances: Circumstances) -> Settlement {
        let state = State(
            execution: ExecutionReference(taskID: lease.taskID, executionID: lease.executionID),
            kind: lease.kind,
            status: .running,
            retryOptions: lease.options.retryOptions,
            retryAttempts: lease.retryAttempts,
            leaseLosses: lease.leaseLosses
        )
        return Settlement(lease: lease.id, transition: settle(state, outcome, circumstances))
    }

    /// The settlement that gives a lease back without using anything up.
    public static func release(of lease: LeaseID) -> Settlement {
        Settlement(lease: lease, transition: .ready(delayMs: nil, error: nil, cost: .nothing))
    }

    /// The settlement of an attempt whose own settlement the storage refused.
    public static func refusal(of lease: LeaseID) -> Settlement {
        Settlement(lease: lease, transition: .finish(.failed(.resultRefused)))
    }
}

extension ExecutionStateMachine.Ending {
    /// The failure of a parent whose children's outputs are too much to hand on.
    ///
    /// - Parameter size: Their size in bytes of JSON.
    public static func resultsTooLarge(of task: TaskID, _ size: Int) -> ExecutionStateMachine.Ending {
        .failed(.resultsTooLarge(of: task, size, ExecutionStateMachine.largestResults))
    }
}

extension ExecutionStateMachine.State {
    public init(_ execution: Execution) {
        self.init(
            execution: execution.reference,
            kind: execution.kind,
            status: execution.status,
            retryOptions: execution.options.retryOptions,
            retryAttempts: execution.retryAttempts,
            leaseLosses: execution.leaseLosses
        )
    }
}
