import DurableCore
import Testing

/// Every kind × status × event.
///
/// What is written here is the specification, independent of the machine's own words.
@Suite("Transition table")
struct TransitionTableTests {
    typealias Machine = ExecutionStateMachine

    static let member = TaskDefinition(id: "member", options: TaskOptions(timeoutMs: 1))
    static let next = TaskDefinition(id: "next", options: TaskOptions(timeoutMs: 2))
    static let finalize = TaskDefinition(id: "finalize", options: TaskOptions(timeoutMs: 3))

    static let kinds: [TaskKind] = [
        .single, .sleeping,
        .parent(finalize: nil, onChildFailure: .continue), .parent(finalize: nil, onChildFailure: .fail),
        .parent(finalize: finalize, onChildFailure: .continue), .parent(finalize: finalize, onChildFailure: .fail),
        .sequence([member, next]), .loop(LoopPlan(iteration: member, maxAttempts: 2)),
    ]

    /// The statuses that an execution of the kind can have.
    static func statuses(_ kind: TaskKind) -> [ExecutionStatus] {
        let ended: [ExecutionStatus] = [.completed, .failed, .timedOut, .cancelled]
        return switch kind {
        case .single: [.ready, .running] + ended
        case .sleeping: [.running] + ended
        case .parent: [.ready, .running, .waitingForChildren, .waitingForFinalize, .finalizeFailed] + ended
        case .sequence, .loop: [.waitingForChildren, .finalizeFailed] + ended
        }
    }

    static let one = Payload(json: "1")
    static let no = ExecutionError.nonRetryable("no")
    static let child = ExecutionReference(taskID: "member", executionID: ExecutionID(bits: 0xC))
    static let completedChild = ChildEnd(child: child, index: 0, ending: .completed(one))
    static let failedChild = ChildEnd(child: child, index: 0, ending: .failed(no))
    static let circumstances = Machine.Circumstances(tasks: ["member": member])

    static let events: [Machine.Event] = [
        .leased, .workerLost(maximum: 10), .released,
        .ended(.completed(one), circumstances),
        .ended(.failed(.retryable("boom")), circumstances), .ended(.failed(no), circumstances),
        .ended(.failed(.timedOut), circumstances), .ended(.failed(.cancelled), circumstances),
        .ended(.spawned(one, children: []), circumstances),
        .ended(.spawned(one, children: [ChildRequest(taskID: "member", input: one)]), circumstances),
        .cancelled(.cancelled), .cancelled(.parentFailed(child, no)), .expired,
        .wokenUp(.completed(one)), .wokenUp(.failed(no)),
        .childFailed(failedChild),
        .childrenEnded(carried: one, [completedChild]), .childrenEnded(carried: one, [failedChild]),
        .finalizeEnded(.completed(one)), .finalizeEnded(.failed(no)), .finalizeEnded(.timedOut(.timedOut)),
        .finalizeEnded(.cancelled(.cancelled)), .finalizeEnded(.finalizeFailed(no)),
        .retried(isResumable: false), .retried(isResumable: true),
    ]

    /// `nil` for what cannot happen.
    static func expected(_ kind: TaskKind, _ status: ExecutionStatus, _ event: Machine.Event) -> Machine.Transition? {
        let isLeased =
            switch kind {
            case .single, .parent: true
            case .sleeping, .sequence, .loop: false
            }
        return switch (status, event) {
        // Whoever asks for the end of something gets it, unless it has ended.
        case (.ready, .cancelled(let error)), (.running, .cancelled(let error)),
            (.waitingForChildren, .cancelled(let error)), (.waitingForFinalize, .cancelled(let error)):
            .finish(.cancelled(error))
        case (.ready, .expired), (.running, .expired), (.waitingForChildren, .expired), (.waitingForFinalize, .expired):
            .finish(.timedOut(.timedOut))
        case (_, .cancelled), (_, .expired): .unchanged
        // Attempts.
        case (.ready, .leased): .run
        case (.running, .workerLost) where isLeased: .ready(delayMs: 0, error: .expired, cost: .leaseLoss)
        case (.running, .released) where isLeased: .ready(delayMs: nil, error: nil, cost: .nothing)
        case (.running, .ended(let outcome, _)) where isLeased: settled(kind, outcome)
        // Sleepers.
        case (.running, .wokenUp(.completed(let output))) where kind == .sleeping: .finish(.completed(output))
        case (.running, .wokenUp(.failed(let error))) where kind == .sleeping: .finish(.failed(error))
        case (.completed, .wokenUp), (.failed, .wokenUp), (.timedOut, .wokenUp), (.cancelled, .wokenUp): .unchanged
        // Relatives.
        case (.waitingForChildren, .childFailed): whenChildFailed(kind)
        case (.waitingForChildren, .childrenEnded(_, let ends)): whenChildrenEnded(kind, ends[0])
        case (.waitingForFinalize, .finalizeEnded(.completed(let output))): .finish(.completed(output))
        case (.waitingForFinalize, .finalizeEnded(let ending)):
            ending.error.map { .finish(.finalizeFailed($0)) }
        // By hand.
        case (.failed, .retried(let isResumable)), (.timedOut, .retried(let isResumable)),
            (.cancelled, .retried(let isResumable)):
            isResumable && kind.isChain ? .resume : .restart
        case (.finalizeFailed, .retried(let isResumable)): isResumable ? .resume : .restart
        default: nil
        }
    }

    private static func settled(_ kind: TaskKind, _ outcome: Outcome) -> Machine.Transition {
        switch outcome {
        case .completed(let output): .finish(.completed(output))
        case .failed(let error, _) where error.kind == .timedOut: .finish(.timedOut(error))
        case .failed(let error, _) where error.kind == .cancelled: .finish(.cancelled(error))
        case .failed(let error, _): .finish(.failed(error))
        case .spawned(_, let children) where children.isEmpty: concluded(kind, #"{"output":1,"children":[]}"#)
        case .spawned(let output, _):
            .spawn(
                output: output,
                children: [NewExecution(taskID: "member", input: one, options: TaskOptions(timeoutMs: 1))]
            )
        }
    }

    private static func concluded(_ kind: TaskKind, _ results: String) -> Machine.Transition {
        switch kind {
        case .parent(finalize: let finalize?, onChildFailure: _):
            .finalize(
                NewExecution(taskID: finalize.id, input: Payload(json: results), options: TaskOptions(timeoutMs: 3))
            )
        default: .finish(.completed(Payload(json: results)))
        }
    }

    private static func whenChildFailed(_ kind: TaskKind) -> Machine.Transition {
        guard case .parent(finalize: _, onChildFailure: .fail) = kind else { return .unchanged }
        return .finish(
            .failed(.nonRetryable("Child task failed [taskId=member] [executionId=\(child.executionID)] [index=0]: no"))
        )
    }

    private static func whenChildrenEnded(_ kind: TaskKind, _ end: ChildEnd) -> Machine.Transition {
        let hasCompleted = end == completedChild
        switch kind {
        case .sequence where hasCompleted:
            return .next(NewExecution(taskID: "next", input: one, options: TaskOptions(timeoutMs: 2)))
        case .sequence:
            return .finish(
                .finalizeFailed(.nonRetryable("Sequential task failed [parentTaskId=task] [index=0]: no"))
            )
        case .loop:
            let reason = hasCompleted ? "expected {isDone: true, output} or {isDone: false}" : "no"
            return .finish(.finalizeFailed(.nonRetryable("Iteration task failed [taskId=member]: \(reason)")))
        case .single, .sleeping, .parent:
            let result =
                hasCompleted
                ? #""status":"completed","output":1"#
                : #""status":"failed","error":{"errorType":"generic","message":"no","isRetryable":false,"isInternal":false}"#
            return concluded(
                kind,
                #"{"output":1,"children":[{"taskId":"member","executionId":"\#(child.executionID)",\#(result)}]}"#
            )
        }
    }

    @Test("decides every status and event", arguments: kinds, events)
    func decides(_ kind: TaskKind, _ event: Machine.Event) throws {
        for status in Self.statuses(kind) {
            let state = ExecutionStateMachineTests.state(kind, status)
            if let expected = Self.expected(kind, status, event) {
                let transition = try Machine.transition(from: state, on: event)
                #expect(transition == expected, "\(status)")
            } else {
                let error = #expect(throws: Machine.IllegalTransition.self, "\(status)") {
                    try Machine.transition(from: state, on: event)
                }
                #expect(error?.status == status)
            }
        }
    }

    @Test("what makes no attempts is never leased", arguments: kinds.filter { !$0.isLeased }, ExecutionStatus.allCases)
    func leasesNothingElse(_ kind: TaskKind, _ status: ExecutionStatus) {
        #expect(throws: Machine.IllegalTransition.self) {
            try Machine.transition(from: ExecutionStateMachineTests.state(kind, status), on: .leased)
        }
    }
}
