import DurableCore
import Testing

@Suite("Why an execution is where it is")
struct ExecutionReportTests {
    private static let now = Timestamp(microseconds: 1_000_000_000_000)
    private static let boom = ExecutionError.retryable("boom")

    private static func at(_ milliseconds: Double) -> Timestamp {
        Timestamp(microseconds: now.microseconds + Int64(milliseconds * 1000))
    }

    private static func execution(
        _ status: ExecutionStatus,
        kind: TaskKind = .single,
        _ change: (inout Execution) -> Void = { _ in }
    ) -> Execution {
        var execution = Execution(
            id: ExecutionID(bits: 1),
            taskID: "add1",
            kind: kind,
            options: TaskOptions(timeoutMs: 5000, retryOptions: RetryOptions(maxAttempts: 5)),
            input: Payload(json: #""order-17""#),
            status: status,
            createdAt: at(-60_000),
            updatedAt: at(-60_000),
            startAt: at(-60_000)
        )
        change(&execution)
        return execution
    }

    private static func attempt(_ number: Int, _ end: AttemptRecord.End, on worker: String? = nil) -> AttemptRecord {
        AttemptRecord(
            attempt: number,
            workerID: nil,
            workerName: worker,
            startedAt: at(-1000),
            endedAt: nil,
            end: end,
            error: nil
        )
    }

    private static let add1 = TaskDefinition(id: "add1", options: TaskOptions(timeoutMs: 1))
    private static let two = (2...3).map { ExecutionReference(taskID: "add1", executionID: ExecutionID(bits: $0)) }

    static let cases: [(report: ExecutionReport, reason: String)] = [
        (
            ExecutionReport(execution(.ready) { $0.startAt = at(90_000) }),
            "delayed until 1970-01-12T13:48:10.000Z (in 1 min)"
        ),
        (
            ExecutionReport(
                execution(.ready) {
                    $0.startAt = at(8000)
                    $0.retryAttempts = 2
                }
            ),
            "retry 2 of 5 in 8 s"
        ),
        (
            ExecutionReport(execution(.ready)),
            "due for 1 min, waiting for the one worker that serves this task to have room"
        ),
        (
            ExecutionReport(
                execution(.ready) {
                    $0.retryAttempts = 1
                    $0.leaseLosses = 1
                }
            ),
            "retry 1 of 5, due for 1 min, waiting for the one worker that serves this task to have room; "
                + "it has lost 1 worker so far"
        ),
        (
            ExecutionReport(execution(.ready), workers: 0),
            "due for 1 min, but no worker serves this task"
        ),
        (
            ExecutionReport(
                execution(.running) { $0.startedAt = at(-2000) },
                attempts: [attempt(1, .lost, on: "old"), attempt(2, .running, on: "host 17")]
            ),
            "running on host 17 since 1970-01-12T13:46:38.000Z (2 s ago), "
                + "times out at 1970-01-12T13:46:43.000Z (in 3 s)"
        ),
        (
            ExecutionReport(
                execution(.running) {
                    $0.workerID = WorkerID(bits: 255)
                    $0.leaseLosses = 2
                    $0.deadline = at(10_000)
                }
            ),
            "running on de_000000000000000000000000000000ff; it has lost 2 workers so far; "
                + "as a whole it times out at 1970-01-12T13:46:50.000Z (in 10 s)"
        ),
        (
            ExecutionReport(
                execution(.running, kind: .sleeping) {
                    $0.startedAt = at(-60_000)
                    $0.deadline = at(2000)
                    $0.options.timeoutMs = 600_000
                }
            ),
            "asleep until woken up as \"order-17\", at the latest until 1970-01-12T13:46:42.000Z (in 2 s)"
        ),
        (
            ExecutionReport(
                execution(.waitingForChildren, kind: .parent(finalize: nil, onChildFailure: .continue)) {
                    $0.children = two
                    $0.activeChildren = 1
                }
            ),
            "waiting for 1 of 2 children"
        ),
        (
            ExecutionReport(
                execution(.waitingForChildren, kind: .parent(finalize: nil, onChildFailure: .continue)) {
                    $0.children = [two[0]]
                }
            ),
            "1 child ended, the result is about to be made of them"
        ),
        (
            ExecutionReport(
                execution(.waitingForChildren, kind: .sequence([add1, add1, add1])) { $0.children = two }
            ),
            "waiting for member 2 of 3"
        ),
        (
            ExecutionReport(
                execution(.waitingForChildren, kind: .loop(LoopPlan(iteration: add1, maxAttempts: 20))) {
                    $0.children = two
                }
            ),
            "waiting for iteration 2 of at most 20"
        ),
        (
            ExecutionReport(
                execution(.waitingForFinalize) { $0.finalize = two[0] },
                known: [two[0].executionID: execution(.running) { $0.id = two[0].executionID }]
            ),
            "waiting for its finalize execution te_00000000000000000000000000000002, which is running"
        ),
        (ExecutionReport(execution(.completed)), "finished: completed"),
        (
            ExecutionReport(
                execution(.failed) {
                    $0.attempt = 3
                    $0.error = boom
                }
            ),
            "finished: failed after 3 attempts: boom (no retries left)"
        ),
        (
            ExecutionReport(
                execution(.failed) {
                    $0.attempt = 1
                    $0.error = .nonRetryable("boom")
                }
            ),
            "finished: failed after 1 attempt: boom (not retryable)"
        ),
        (
            ExecutionReport(execution(.timedOut, kind: .sleeping) { $0.error = .timedOut }),
            "finished: timed out: Task execution timed out"
        ),
        (
            ExecutionReport(execution(.finalizeFailed, kind: .sequence([add1])) { $0.error = boom }),
            "finished: finalize failed: boom"
        ),
        (
            ExecutionReport(
                execution(.cancelled) {
                    $0.attempt = 1
                    $0.error = .cancelled
                }
            ),
            "finished: cancelled: Task execution cancelled"
        ),
    ]

    @Test("is said in words", arguments: cases)
    func reasons(report: ExecutionReport, reason: String) {
        #expect(report.reason(at: Self.now) == reason)
    }

    @Test("what is below an execution is told as far as it is known, and counted")
    func tree() {
        let parent = Self.execution(.waitingForChildren) {
            $0.id = ExecutionID(bits: 9)
            $0.children = Self.two
        }
        let child = Self.execution(.failed) {
            $0.id = Self.two[0].executionID
            $0.error = Self.boom
            $0.family = Family(
                root: parent.reference,
                parent: parent.reference,
                parentAttempt: 1,
                role: .child(index: 0, isOnly: false)
            )
            $0.children = [ExecutionReference(taskID: "other", executionID: ExecutionID(bits: 7))]
        }
        let report = ExecutionReport(parent, known: [child.id: child])
        #expect(report.childCount == 2)
        #expect(
            report.children == [
                Descendant(reference: child.reference, status: .failed, error: Self.boom, childCount: 1)
            ]
        )
    }
}
