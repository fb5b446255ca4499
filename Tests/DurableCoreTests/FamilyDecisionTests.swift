import DurableCore
import Testing

@Suite("Decisions about families")
struct FamilyDecisionTests {
    typealias Machine = ExecutionStateMachine

    private static let child = TaskDefinition(id: "child", options: TaskOptions(timeoutMs: 1))
    private static let parent = TaskKind.parent(finalize: nil, onChildFailure: .continue)

    private static func spawn(
        _ children: [ChildRequest],
        maxChildren: Int = 10
    ) throws -> Machine.Transition {
        try Machine.transition(
            from: ExecutionStateMachineTests.state(parent),
            on: .ended(
                .spawned(.undefined, children: children),
                Machine.Circumstances(tasks: ["child": child], maxChildren: maxChildren)
            )
        )
    }

    private static func end(_ index: Int, _ output: Payload) -> ChildEnd {
        let reference = ExecutionReference(taskID: "child", executionID: ExecutionID(bits: UInt128(index)))
        return ChildEnd(child: reference, index: index, ending: .completed(output))
    }

    @Test("takes children with their task's options, overridden by the parent's")
    func spawns() throws {
        let request = ChildRequest(
            taskID: "child",
            input: Payload(json: "1"),
            options: EnqueueOptions(timeoutMs: 9, idempotencyKey: "k", priority: 4, expiresInMs: 5)
        )
        let transition = try Self.spawn([request, ChildRequest(taskID: "child", input: .undefined)])
        #expect(
            transition
                == .spawn(
                    output: .undefined,
                    children: [
                        NewExecution(
                            taskID: "child",
                            input: Payload(json: "1"),
                            options: TaskOptions(timeoutMs: 9),
                            priority: 4,
                            expiresInMs: 5,
                            idempotencyKey: "k"
                        ),
                        NewExecution(taskID: "child", input: .undefined, options: TaskOptions(timeoutMs: 1)),
                    ]
                )
        )
    }

    @Test("refuses children by name: unknown ones, bad options, inputs too large, too many")
    func refuses() throws {
        let good = ChildRequest(taskID: "child", input: .undefined)
        func error(_ children: [ChildRequest], maxChildren: Int = 10) throws -> ExecutionError? {
            guard case .finish(.failed(let error)) = try Self.spawn(children, maxChildren: maxChildren) else {
                return nil
            }
            return error
        }
        let unknown = try error([good, ChildRequest(taskID: "nobody", input: .undefined)])
        #expect(unknown == .notFound("Child task not found [taskId=nobody] [index=1]"))
        let options = EnqueueOptions(sleepMsBeforeRun: -1)
        let bad = try error([good, good, ChildRequest(taskID: "child", input: .undefined, options: options)])
        #expect(bad?.message.hasPrefix("Child task refused [taskId=child] [index=2]: Invalid sleep ms") == true)
        let large = Payload(json: Array(repeating: UInt8(ascii: "1"), count: NewExecution.largestPayload + 1))
        let tooLarge = try error([ChildRequest(taskID: "child", input: large)])
        #expect(tooLarge?.message.contains("[index=0]: The input of task child is 1048577 bytes") == true)
        let enough = try error([good, good], maxChildren: 2)
        #expect(enough == nil)
        let tooMany = try error([good, good, good], maxChildren: 2)
        #expect(tooMany?.message.contains("[taskId=task] [attempted=3] [max=2]") == true)
        #expect(tooMany?.isRetryable == false)
    }

    @Test("results that are too large fail the parent")
    func resultsTooLarge() throws {
        let output = Payload(json: Array(repeating: UInt8(ascii: "1"), count: 1 << 20))
        let transition = try Machine.transition(
            from: ExecutionStateMachineTests.state(Self.parent, .waitingForChildren),
            on: .childrenEnded(carried: .undefined, (0..<16).map { Self.end($0, output) })
        )
        guard case .finish(.failed(let error)) = transition else {
            Issue.record("\(transition)")
            return
        }
        #expect(error.message.hasPrefix("The outputs of the children of task task are "))
    }

    @Test("a sequence goes on with the next member and ends with the last")
    func sequence() throws {
        let members = (0..<3).map { TaskDefinition(id: TaskID("m\($0)"), options: TaskOptions(timeoutMs: $0 + 1)) }
        let state = ExecutionStateMachineTests.state(.sequence(members), .waitingForChildren)
        for index in 0..<3 {
            let output = Payload(json: "\(index)")
            let transition = try Machine.transition(
                from: state,
                on: .childrenEnded(carried: Payload(json: "9"), [Self.end(index, output)])
            )
            guard index < 2 else {
                #expect(transition == .finish(.completed(output)))
                continue
            }
            let next = members[index + 1]
            #expect(transition == .next(NewExecution(taskID: next.id, input: output, options: next.options)))
        }
    }

    @Test("a loop goes on with its own input, after its delay, as often as it may")
    func loop() throws {
        let plan = LoopPlan(iteration: Self.child, maxAttempts: 3, delaysMs: [1, 2])
        let state = ExecutionStateMachineTests.state(.loop(plan), .waitingForChildren)
        func after(_ index: Int, _ answer: Payload) throws -> Machine.Transition {
            try Machine.transition(
                from: state,
                on: .childrenEnded(carried: Payload(json: "7"), [Self.end(index, answer)])
            )
        }
        for index in 0..<2 {
            let transition = try after(index, Payload(json: #"{"isDone":false,"output":3}"#))
            let options = TaskOptions(timeoutMs: 1, sleepMsBeforeRun: 2)
            #expect(transition == .next(NewExecution(taskID: "child", input: Payload(json: "7"), options: options)))
        }
        let last = try after(2, Payload(json: #"{"isDone":false}"#))
        #expect(last == .finish(.completed(Payload(json: #"{"isSuccess":false}"#))))
        let done = try after(0, Payload(json: #"{"output":[1, 2],"isDone":true}"#))
        #expect(done == .finish(.completed(Payload(json: #"{"isSuccess":true,"output":[1, 2]}"#))))
    }

    @Test("a loop's answer keeps the annotations of its output, wherever they point")
    func loopAnnotations() throws {
        let plan = LoopPlan(iteration: Self.child, maxAttempts: 1)
        let answer = Payload(
            json: Array(#"{"isDone":true,"output":"2026","other":"2027"}"#.utf8),
            meta: Array(#"[[1,"other"],[1,"output"],[5,"out\u0070ut","a",0]]"#.utf8)
        )
        let transition = try Machine.transition(
            from: ExecutionStateMachineTests.state(.loop(plan), .waitingForChildren),
            on: .childrenEnded(carried: .undefined, [Self.end(0, answer)])
        )
        let expected = Payload(
            json: Array(#"{"isSuccess":true,"output":"2026"}"#.utf8),
            meta: Array(#"[[1,"output"],[5,"output","a",0]]"#.utf8)
        )
        #expect(transition == .finish(.completed(expected)))
    }
}
