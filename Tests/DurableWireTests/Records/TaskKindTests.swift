import DurableCore
import DurableWire
import Testing

@Suite("Kinds of tasks, as storages keep them")
struct TaskKindTests {
    private static let add1 = TaskDefinition(
        id: "add1",
        options: TaskOptions(
            timeoutMs: TaskOptions.largestInteger,
            retryOptions: RetryOptions(
                maxAttempts: 3,
                baseDelayMs: 1,
                delayMultiplier: 1.5,
                maxDelayMs: 9,
                jitter: 0.2
            ),
            sleepMsBeforeRun: 0.5
        )
    )
    private static let wait = TaskDefinition(id: "wait", options: TaskOptions(timeoutMs: 1), kind: .sleeping)
    private static let sum = TaskDefinition(
        id: "sum",
        options: TaskOptions(timeoutMs: 1),
        kind: .parent(finalize: add1, onChildFailure: .fail)
    )
    private static let poll = TaskKind.loop(
        LoopPlan(iteration: sum, maxAttempts: 1_000_000, delaysMs: [0, 0.5, 1e300])
    )

    static let kinds: [TaskKind] = [
        .single, .sleeping, .parent(finalize: nil, onChildFailure: .continue),
        .parent(finalize: sum, onChildFailure: .fail),
        .sequence([add1, wait, sum]),
        .sequence([TaskDefinition(id: "poll", options: TaskDefinition.chainOptions, kind: poll)]),
        poll, .loop(LoopPlan(iteration: add1, maxAttempts: 1)),
    ]

    @Test("What was written is read again, to any depth", arguments: kinds)
    func roundTrip(_ kind: TaskKind) throws {
        let again = TaskKind(try JSON(parsing: kind.json.encode()))
        #expect(again == kind)
    }

    @Test("A single task is null, and the others name themselves")
    func shape() {
        func text(_ kind: TaskKind) -> String { String(decoding: kind.json.encode(), as: UTF8.self) }
        #expect(text(.single) == "null")
        #expect(text(.sleeping) == #"{"sleeping":true}"#)
        #expect(
            text(.parent(finalize: Self.wait, onChildFailure: .continue))
                == #"{"parent":{"finalize":{"id":"wait","options":{"timeoutMs":1,"sleepMsBeforeRun":0,"#
                + #""retryOptions":{"maxAttempts":0}},"kind":{"sleeping":true}},"onChildFailure":"continue"}}"#
        )
    }

    @Test(
        "What cannot be understood is no kind",
        arguments: [
            "5", "[]", "{}", #"{"sleeping":false}"#, #"{"parent":{}}"#, #"{"parent":{"onChildFailure":"retry"}}"#,
            #"{"parent":{"onChildFailure":"fail","finalize":{"id":"a"}}}"#, #"{"sequence":{}}"#, #"{"sequence":[5]}"#,
            #"{"loop":{"maxAttempts":1,"delaysMs":[]}}"#,
        ]
    )
    func refused(_ text: String) throws {
        let kind = TaskKind(try JSON(parsing: Array(text.utf8)))
        #expect(kind == nil)
    }
}
