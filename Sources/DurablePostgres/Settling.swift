package import DurableCore
import DurableWire

extension Statements.Settling {
    /// What a settlement's decision writes; `nil` when it writes nothing.
    package init?(_ settlement: Settlement) {
        self.init(lease: settlement.lease)
        switch settlement.transition {
        case .unchanged, .run, .restart, .resume, .spawn, .next, .finalize:
            return nil
        case .ready(let delayMs, let error, let cost):
            self.delayMs = delayMs.map { min($0, Self.longestDelay) }
            self.error = error?.json.encode()
            switch cost {
            case .nothing: endedAs = "released"
            case .retry:
                endedAs = "retried"
                retries = 1
            case .leaseLoss:
                endedAs = "lost"
                losses = 1
            }
        case .finish(let ending):
            finalStatus = ending.status.rawValue
            output = ending.output ?? .undefined
            error = ending.error?.json.encode()
        }
    }

    /// More than a timestamp can hold; PostgreSQL's `after_ms` saturates.
    private static let longestDelay = 8.64e15
}

extension ExecutionStateMachine.Transition {
    /// Whether it takes a transaction of its own, because executions are stored with it.
    var bringsChildren: Bool {
        switch self {
        case .spawn, .finalize: true
        case .unchanged, .run, .ready, .next, .restart, .resume, .finish: false
        }
    }
}

extension Settlement {
    /// What becomes of an execution whose worker was lost.
    init?(lost orphan: (lease: LeaseID, state: ExecutionStateMachine.State), maxLeaseLosses: Int) {
        let event = ExecutionStateMachine.Event.workerLost(maximum: maxLeaseLosses)
        guard let transition = try? ExecutionStateMachine.transition(from: orphan.state, on: event) else { return nil }
        self.init(lease: orphan.lease, transition: transition)
    }
}
