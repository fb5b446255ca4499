import DurableCore
import DurableWire
import Testing

@Suite("Execution records of parents, children and sleepers")
struct FamilyRecordTests {
    private static func reference(_ task: TaskID, _ number: UInt128) -> ExecutionReference {
        ExecutionReference(taskID: task, executionID: ExecutionID(bits: number))
    }

    private func text(
        _ status: ExecutionStatus,
        kind: TaskKind = .single,
        _ change: (inout Execution) -> Void
    ) -> String {
        var execution = Execution(
            id: ExecutionID(bits: 1),
            taskID: "sum",
            kind: kind,
            options: TaskOptions(timeoutMs: 5000),
            input: Payload(json: "7"),
            status: status,
            createdAt: Timestamp(microseconds: 0),
            updatedAt: Timestamp(microseconds: 0),
            startAt: Timestamp(microseconds: 0)
        )
        change(&execution)
        return String(decoding: ExecutionRecord(execution).encode(), as: UTF8.self)
    }

    /// Around what is looked at here.
    private func record(
        family: String = "",
        sleeper: String = "",
        isChain: Bool = false,
        input: String = #","input":7"#,
        _ state: String,
        dates: [String] = []
    ) -> String {
        let ids = #""taskId":"sum","executionId":"te_00000000000000000000000000000001","#
        let options = #""retryOptions":{"maxAttempts":0},"sleepMsBeforeRun":0,"timeoutMs":5000"#
        let meta = (["startAt"] + dates + ["createdAt", "updatedAt"]).map { "[1,\"\($0)\"]" }.joined(separator: ",")
        return #"{"json":{"# + family + ids + sleeper + "\"areChildrenSequential\":\(isChain)," + options + input + ","
            + state
            + #","createdAt":"1970-01-01T00:00:00.000Z","updatedAt":"1970-01-01T00:00:00.000Z"},"meta":[\#(meta)]}"#
    }

    private let epoch = #""1970-01-01T00:00:00.000Z""#
    private let later = #""1970-01-01T00:00:01.000Z""#
    private let children =
        #""children":[{"taskId":"add1","executionId":"te_00000000000000000000000000000002"},"#
        + #"{"taskId":"add2","executionId":"te_00000000000000000000000000000003"}],"activeChildrenCount":"#

    private func spawn(_ execution: inout Execution) {
        execution.attempt = 1
        execution.startedAt = Timestamp(microseconds: 0)
        execution.waitingForChildrenAt = Timestamp(microseconds: 1_000_000)
        execution.children = [Self.reference("add1", 2), Self.reference("add2", 3)]
    }

    @Test("A parent that waits shows its children in order, and how many have not ended")
    func waitingForChildren() {
        let shown = text(.waitingForChildren, kind: .parent(finalize: nil, onChildFailure: .continue)) { execution in
            spawn(&execution)
            execution.activeChildren = 1
        }
        let state =
            #""status":"waiting_for_children","retryAttempts":0,"startAt":\#(epoch),"startedAt":\#(epoch),"#
            + #""waitingForChildrenStartedAt":\#(later),"# + children + "1"
        #expect(shown == record(state, dates: ["startedAt", "waitingForChildrenStartedAt"]))
    }

    @Test("A parent that waits for its finalize execution names it")
    func waitingForFinalize() {
        let shown = text(.waitingForFinalize) { execution in
            spawn(&execution)
            execution.waitingForFinalizeAt = Timestamp(microseconds: 1_000_000)
            execution.finalize = Self.reference("total", 4)
        }
        let state =
            #""status":"waiting_for_finalize","retryAttempts":0,"startAt":\#(epoch),"startedAt":\#(epoch),"#
            + #""waitingForChildrenStartedAt":\#(later),"waitingForFinalizeStartedAt":\#(later),"# + children + "0,"
            + #""finalize":{"taskId":"total","executionId":"te_00000000000000000000000000000004"}"#
        #expect(
            shown
                == record(
                    state,
                    dates: ["startedAt", "waitingForChildrenStartedAt", "waitingForFinalizeStartedAt"]
                )
        )
    }

    @Test("A parent whose finalize execution failed shows its error and its children")
    func finalizeFailed() {
        let shown = text(.finalizeFailed) { execution in
            spawn(&execution)
            execution.finishedAt = Timestamp(microseconds: 1_000_000)
            execution.error = .nonRetryable("no")
        }
        let state =
            #""status":"finalize_failed","error":{"errorType":"generic","message":"no","isRetryable":false,"isInternal":false},"#
            + #""retryAttempts":0,"startAt":\#(epoch),"startedAt":\#(epoch),"waitingForChildrenStartedAt":\#(later),"#
            + #""finishedAt":\#(later),"# + children + "0"
        #expect(shown == record(state, dates: ["startedAt", "waitingForChildrenStartedAt", "finishedAt"]))
    }

    @Test("A sequence says that its children run one after the other, and shows those that there are")
    func sequence() {
        let add1 = TaskDefinition(id: "add1", options: TaskOptions(timeoutMs: 1))
        let shown = text(.waitingForChildren, kind: .sequence([add1, add1])) { execution in
            execution.startedAt = Timestamp(microseconds: 0)
            execution.children = [Self.reference("add1", 2)]
            execution.activeChildren = 1
        }
        let state =
            #""status":"waiting_for_children","retryAttempts":0,"startAt":\#(epoch),"startedAt":\#(epoch),"#
            + #""children":[{"taskId":"add1","executionId":"te_00000000000000000000000000000002"}],"activeChildrenCount":1"#
        #expect(shown == record(isChain: true, state, dates: ["startedAt"]))
    }

    static let roles: [(role: Family.Role, members: String)] = [
        (
            .child(index: 1, isOnly: false),
            #""indexInParentChildren":1,"isOnlyChildOfParent":false,"isFinalizeOfParent":false"#
        ),
        (
            .child(index: 0, isOnly: true),
            #""indexInParentChildren":0,"isOnlyChildOfParent":true,"isFinalizeOfParent":false"#
        ),
        (.finalize, #""indexInParentChildren":0,"isOnlyChildOfParent":false,"isFinalizeOfParent":true"#),
    ]

    @Test("A descendant names its root and its parent, and what it is to it", arguments: roles)
    func descendant(role: Family.Role, members: String) throws {
        let shown = text(.ready) { execution in
            execution.family = Family(
                root: Self.reference("root", 8),
                parent: Self.reference("parent", 9),
                parentAttempt: 1,
                role: role
            )
        }
        let family =
            #""root":{"taskId":"root","executionId":"te_00000000000000000000000000000008"},"#
            + #""parent":{"taskId":"parent","executionId":"te_00000000000000000000000000000009",\#(members)},"#
        #expect(shown == record(family: family, #""status":"ready","retryAttempts":0,"startAt":\#(epoch)"#))
        let read = try ExecutionRecord(try Envelope(Array(shown.utf8)).value)
        #expect(String(decoding: read.encode(), as: UTF8.self) == shown)
    }

    @Test("A sleeper shows its name instead of an input, and when it times out")
    func sleeper() {
        let shown = text(.running, kind: .sleeping) { execution in
            execution.input = Payload(json: #""u""#)
            execution.startAt = Timestamp(microseconds: 1_000_000)
            execution.startedAt = Timestamp(microseconds: 0)
        }
        let state =
            #""status":"running","retryAttempts":0,"startAt":\#(later),"startedAt":\#(epoch),"#
            + #""expiresAt":"1970-01-01T00:00:06.000Z""#
        #expect(
            shown
                == record(
                    sleeper: #""sleepingTaskUniqueId":"u","#,
                    input: "",
                    state,
                    dates: ["startedAt", "expiresAt"]
                )
        )
    }
}
