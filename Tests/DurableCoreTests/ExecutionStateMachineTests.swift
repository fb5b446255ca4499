import DurableCore
import Testing

@Suite("Execution state machine")
struct ExecutionStateMachineTests {
    typealias Machine = ExecutionStateMachine

    static func state(_ kind: TaskKind = .single, _ status: ExecutionStatus = .running) -> Machine.State {
        Machine.State(
            execution: ExecutionReference(taskID: "task", executionID: ExecutionID(bits: 1)),
            kind: kind,
            status: status
        )
    }

    private static func running(_ retry: RetryOptions, retryAttempts: Int = 0, leaseLosses: Int = 0) -> Machine.State {
        var state = state()
        state.retryOptions = retry
        state.retryAttempts = retryAttempts
        state.leaseLosses = leaseLosses
        return state
    }

    @Test("retries a retryable error as long as retries are left, and no other")
    func retries() throws {
        let retry = RetryOptions(maxAttempts: 2, baseDelayMs: 400, delayMultiplier: 2)
        func after(_ used: Int, _ error: ExecutionError) throws -> Machine.Transition {
            try Machine.transition(
                from: Self.running(retry, retryAttempts: used),
                on: .ended(.failed(error), Machine.Circumstances())
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
        let state = Self.running(RetryOptions(maxAttempts: 1, baseDelayMs: 400))
        let boom = ExecutionError.retryable("boom")
        for (asked, delay) in [(5000.0, 5000.0), (5, 400)] {
            let transition = try Machine.transition(
                from: state,
                on: .ended(.failed(boom, retryAfterMs: asked), Machine.Circumstances())
            )
            #expect(transition == .ready(delayMs: delay, error: boom, cost: .retry))
        }
    }

    @Test("takes the jitter's share off a delay")
    func jitter() throws {
        let state = Self.running(RetryOptions(maxAttempts: 1, baseDelayMs: 400, jitter: 0.5))
        let boom = ExecutionError.retryable("boom")
        let transition = try Machine.transition(
            from: state,
            on: .ended(.failed(boom), Machine.Circumstances(chance: 1))
        )
        #expect(transition == .ready(delayMs: 200, error: boom, cost: .retry))
    }

    @Test("ends a crash loop after the allowed number of lost leases")
    func crashLoop() throws {
        for losses in 0..<3 {
            let transition = try Machine.transition(
                from: Self.running(.none, leaseLosses: losses),
                on: .workerLost(maximum: 2)
            )
            #expect(
                transition
                    == (losses < 2
                        ? .ready(delayMs: 0, error: .expired, cost: .leaseLoss)
                        : .finish(.failed(.leaseLostTooOften(3))))
            )
        }
    }

    @Test("settles an attempt as what its lease was taken for")
    func settlement() {
        let lease = Lease(
            id: LeaseID(executionID: ExecutionID(bits: 1), attempt: 3),
            taskID: "task",
            kind: .parent(finalize: nil, onChildFailure: .continue),
            input: .undefined,
            options: TaskOptions(timeoutMs: 1, retryOptions: RetryOptions(maxAttempts: 1)),
            retryAttempts: 1,
            leaseLosses: 0,
            previousError: nil,
            trace: nil,
            startedAt: Timestamp(microseconds: 0)
        )
        let boom = ExecutionError.retryable("boom")
        let failed = Machine.settlement(of: lease, .failed(boom), Machine.Circumstances())
        #expect(failed == Settlement(lease: lease.id, transition: .finish(.failed(boom))))
        let concluded = Machine.settlement(
            of: lease,
            .spawned(Payload(json: "1"), children: []),
            Machine.Circumstances()
        )
        #expect(concluded.transition == .finish(.completed(Payload(json: #"{"output":1,"children":[]}"#))))
        let released = Machine.release(of: lease.id)
        #expect(released == Settlement(lease: lease.id, transition: .ready(delayMs: nil, error: nil, cost: .nothing)))
    }
}
