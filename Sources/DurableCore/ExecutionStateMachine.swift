/// What an execution becomes when something happens to it: the one place that decides.
///
/// Pure: no clock, no storage, no `async`. Storages compare and write what it decides, and the schema's checks refuse
/// what it would never decide.
///
/// ```mermaid
/// stateDiagram-v2
///     [*] --> ready: enqueue
///     ready --> running: leased
///     running --> completed: ended, with an output
///     running --> ready: ended, retryable and retries left
///     running --> failed: ended, with an error
///     running --> timed_out: ended, by timeout
///     running --> ready: worker lost, lease given back
///     running --> failed: worker lost too often
///     ready --> cancelled: cancel
///     running --> cancelled: cancel, or the attempt says so
/// ```
public enum ExecutionStateMachine {
    /// What the decision depends on.
    public struct State: Sendable, Hashable {
        public var status: ExecutionStatus
        public var retryOptions: RetryOptions
        public var retryAttempts: Int
        public var leaseLosses: Int

        public init(status: ExecutionStatus, retryOptions: RetryOptions, retryAttempts: Int, leaseLosses: Int) {
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
        /// The attempt ended. `chance` (0 to 1) feeds the retry's jitter.
        case ended(Outcome, chance: Double)
        /// The lease's worker died; an execution that outlives `maximum` such losses has failed.
        case workerLost(maximum: Int)
        /// The worker gave the lease back unused, or used in vain, because it is shutting down.
        case released
        /// Somebody asked for the execution to end.
        case cancelled
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
        case cancelled(ExecutionError)

        public var status: ExecutionStatus {
            switch self {
            case .completed: .completed
            case .failed: .failed
            case .timedOut: .timedOut
            case .cancelled: .cancelled
            }
        }

        public var output: Payload? {
            if case .completed(let output) = self { output } else { nil }
        }

        public var error: ExecutionError? {
            switch self {
            case .completed: nil
            case .failed(let error), .timedOut(let error), .cancelled(let error): error
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
    }

    /// An event that cannot happen to an execution of that status: a bug in the caller.
    public struct IllegalTransition: Error, Sendable, Hashable {
        public let status: ExecutionStatus
        public let event: Event
    }

    /// The transition that an event causes.
    public static func transition(from state: State, on event: Event) throws(IllegalTransition) -> Transition {
        switch (state.status, event) {
        case (.ready, .leased):
            return .run
        case (.running, .ended(let outcome, let chance)):
            return settle(state, outcome, chance: chance)
        case (.running, .workerLost(let maximum)):
            let losses = state.leaseLosses + 1
            if losses > maximum { return .finish(.failed(.leaseLostTooOften(losses))) }
            return .ready(delayMs: 0, error: .expired, cost: .leaseLoss)
        case (.running, .released):
            return .ready(delayMs: nil, error: nil, cost: .nothing)
        case (.ready, .cancelled), (.running, .cancelled):
            return .finish(.cancelled(.cancelled))
        case (.completed, .cancelled), (.failed, .cancelled), (.timedOut, .cancelled), (.cancelled, .cancelled):
            return .unchanged
        case (.ready, .ended), (.ready, .workerLost), (.ready, .released),
            (.running, .leased),
            (.completed, _), (.failed, _), (.timedOut, _), (.cancelled, _):
            throw IllegalTransition(status: state.status, event: event)
        }
    }

    private static func settle(_ state: State, _ outcome: Outcome, chance: Double) -> Transition {
        switch outcome {
        case .completed(let output):
            return .finish(.completed(output))
        case .failed(let error, let retryAfterMs):
            guard error.isRetryable, state.retryAttempts < state.retryOptions.maxAttempts else {
                return .finish(Ending(error))
            }
            let delay = state.retryOptions.delay(afterAttempt: state.retryAttempts, chance: chance)
            return .ready(delayMs: max(delay, retryAfterMs), error: error, cost: .retry)
        }
    }
}

extension ExecutionStateMachine {
    /// The settlement of an attempt made under a lease.
    public static func settlement(of lease: Lease, _ outcome: Outcome, chance: Double) -> Settlement {
        let state = State(
            status: .running,
            retryOptions: lease.options.retryOptions,
            retryAttempts: lease.retryAttempts,
            leaseLosses: lease.leaseLosses
        )
        return Settlement(lease: lease.id, transition: settle(state, outcome, chance: chance))
    }

    /// The settlement that gives a lease back without using anything up.
    public static func release(of lease: LeaseID) -> Settlement {
        Settlement(lease: lease, transition: .ready(delayMs: nil, error: nil, cost: .nothing))
    }
}
