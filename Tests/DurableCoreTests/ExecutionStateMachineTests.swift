import DurableCore
import Testing

@Suite("Execution state machine")
struct ExecutionStateMachineTests {
    typealias Machine = ExecutionStateMachine

    static let events: [Machine.Event] = [
        .leased, .ended(.completed(Payload(json: "1")), chance: 0), .ended(.failed(.retryable("boom")), chance: 0),
        .ended(.failed(.nonRetryable("no")), chance: 0), .ended(.failed(.timedOut), chance: 0),
        .ended(.failed(.cancelled), chance: 0), .workerLost(maximum: 10), .released, .cancelled,
    ]

    /// What is written here is the specification: every status × event, `nil` for what cannot happen.
    static func expected(_ status: ExecutionStatus, _ event: Machine.Event) -> Machine.Transition? {
        switch (status, event) {
        case (.ready, .leased): .run
        case (.ready, .cancelled), (.running, .cancelled): .finish(.cancelled(.cancelled))
        case (.running, .ended(.completed(let output), _)): .finish(.completed(output))
        case (.running, .ended(.failed(let error, _), _)) where error.kind == .timedOut: .finish(.timedOut(error))
        case (.running, .ended(.failed(let error, _), _)) where error.kind == .cancelled: .finish(.cancelled(error))
        case (.running, .ended(.failed(let error, _), _)): .finish(.failed(error))
        case (.running, .workerLost): .ready(delayMs: 0, error: .expired, cost: .leaseLoss)
        case (.running, .released): .ready(delayMs: nil, error: nil, cost: .nothing)
        case (_, .cancelled): .unchanged
        default: nil
        }
    }

    @Test("decides every status and event", arguments: ExecutionStatus.allCases, events)
    func decides(_ status: ExecutionStatus, _ event: Machine.Event) throws {
        let state = Machine.State(status: status, retryOptions: .none, retryAttempts: 0, leaseLosses: 0)
        if let expected = Self.expected(status, event) {
            let transition = try Machine.transition(from: state, on: event)
            #expect(transition == expected)
        } else {
            #expect(throws: Machine.IllegalTransition.self) {
                try Machine.transition(from: state, on: event)
            }
        }
    }

    @Test("retries a retryable error as long as retries are left, and no other")
    func retries() throws {
        let retry = RetryOptions(maxAttempts: 2, baseDelayMs: 400, delayMultiplier: 2)
        func after(_ used: Int, _ error: ExecutionError) throws -> Machine.Transition {
            try Machine.transition(
                from: Machine.State(status: .running, retryOptions: retry, retryAttempts: used, leaseLosses: 0),
                on: .ended(.failed(error), chance: 0)
            )
        }
        let boom = ExecutionError.retryable("boom")
        let first = try after(0, boom)
        #expect(first == .ready(delayMs: 400, error: boom, cost: .retry))
        let second = try after(1, boom)
        #expect(second == .ready(delayMs: 800, error: boom, cost: .retry))
        let last = try after(2, boom)
        #expect(last == .finish(.failed(boom)))
        let timedOut = try after(1, .timedOut)
        #expect(timedOut == .ready(delayMs: 800, error: .timedOut, cost: .retry))
        let final = try after(0, .nonRetryable("no"))
        #expect(final == .finish(.failed(.nonRetryable("no"))))
    }

    @Test("waits at least as long as the procedure asked for")
    func retryAfter() throws {
        let retry = RetryOptions(maxAttempts: 1, baseDelayMs: 400)
        let state = Machine.State(status: .running, retryOptions: retry, retryAttempts: 0, leaseLosses: 0)
        let boom = ExecutionError.retryable("boom")
        let later = try Machine.transition(from: state, on: .ended(.failed(boom, retryAfterMs: 5000), chance: 0))
        #expect(later == .ready(delayMs: 5000, error: boom, cost: .retry))
        let sooner = try Machine.transition(from: state, on: .ended(.failed(boom, retryAfterMs: 5), chance: 0))
        #expect(sooner == .ready(delayMs: 400, error: boom, cost: .retry))
    }

    @Test("ends a crash loop after the allowed number of lost leases")
    func crashLoop() throws {
        for losses in 0..<3 {
            let state = Machine.State(status: .running, retryOptions: .none, retryAttempts: 0, leaseLosses: losses)
            let transition = try Machine.transition(from: state, on: .workerLost(maximum: 2))
            #expect(
                transition
                    == (losses < 2
                        ? .ready(delayMs: 0, error: .expired, cost: .leaseLoss)
                        : .finish(.failed(.leaseLostTooOften(3))))
            )
        }
    }
}
