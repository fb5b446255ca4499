import DurableCore
import DurableWire
import Testing

@Suite("Inspections of executions")
struct InspectionRecordTests {
    private let record: InspectionRecord = {
        let root = ExecutionReference(taskID: "sum", executionID: ExecutionID(bits: 1))
        func descendant(_ number: UInt128, _ role: Family.Role, below: [ExecutionReference] = []) -> Execution {
            Execution(
                id: ExecutionID(bits: number),
                taskID: "add1",
                family: Family(root: root, parent: root, parentAttempt: 1, role: role),
                options: TaskOptions(timeoutMs: 1),
                input: .undefined,
                status: below.isEmpty ? .failed : .waitingForChildren,
                error: below.isEmpty ? .nonRetryable("boom") : nil,
                createdAt: Timestamp(microseconds: 0),
                updatedAt: Timestamp(microseconds: 0),
                startAt: Timestamp(microseconds: 0),
                children: below
            )
        }
        let leaf = descendant(3, .child(index: 0, isOnly: true))
        let child = descendant(2, .child(index: 1, isOnly: false), below: [leaf.reference])
        let finalize = descendant(4, .finalize)
        let execution = Execution(
            id: root.executionID,
            taskID: root.taskID,
            options: TaskOptions(timeoutMs: 1),
            priority: -3,
            input: Payload(json: Array(#""1""#.utf8), meta: Array("[[0]]".utf8)),
            status: .waitingForFinalize,
            leaseLosses: 1,
            createdAt: Timestamp(microseconds: 0),
            updatedAt: Timestamp(microseconds: 0),
            startAt: Timestamp(microseconds: 0),
            deadline: Timestamp(microseconds: 5_000_000),
            children: [child.reference, ExecutionReference(taskID: "add1", executionID: ExecutionID(bits: 7))],
            finalize: finalize.reference
        )
        let attempts = [
            AttemptRecord(
                attempt: 1,
                workerID: WorkerID(bits: 255),
                workerName: "host 17",
                startedAt: Timestamp(microseconds: 0),
                endedAt: Timestamp(microseconds: 1_000_000),
                end: .retried,
                error: .retryable("boom")
            ),
            AttemptRecord(
                attempt: 2,
                workerID: nil,
                workerName: nil,
                startedAt: Timestamp(microseconds: 0),
                endedAt: nil,
                end: .spawned,
                error: nil
            ),
        ]
        let known = Dictionary(uniqueKeysWithValues: [leaf, child, finalize].map { ($0.id, $0) })
        let report = ExecutionReport(execution, attempts: attempts, known: known)
        return InspectionRecord(report, at: Timestamp(microseconds: 0))
    }()

    @Test("An inspection that was written is read again")
    func roundTrip() throws {
        let again = try InspectionRecord(try Envelope(record.encode()).value)
        #expect(again == record)
        #expect(again.childCount == 3)
        #expect(again.children.map(\.isFinalize) == [false, true])
        #expect(again.children[0].children.count == 1)
    }

    @Test("It holds the record as getTaskExecution answers it, and the rest beside it, dates as dates")
    func shape() {
        let text = String(decoding: record.encode(), as: UTF8.self)
        #expect(text.hasPrefix(#"{"json":{"execution":{"taskId":"sum","executionId":"te_0"#))
        let expected = [
            #""priority":-3,"deadline":"1970-01-01T00:00:05.000Z","leaseLosses":1,"attempts":[{"attempt":1,"#,
            #""workerId":"de_000000000000000000000000000000ff","workerName":"host 17","#,
            #""startedAt":"1970-01-01T00:00:00.000Z","endedAt":"1970-01-01T00:00:01.000Z","end":"retried","#,
            #""error":{"errorType":"generic","message":"boom","isRetryable":true,"isInternal":false}},"#,
            #"{"attempt":2,"startedAt":"1970-01-01T00:00:00.000Z","end":"spawned"}],"childCount":3,"#,
            #""children":[{"taskId":"add1","executionId":"te_00000000000000000000000000000002","#,
            #""status":"waiting_for_children","index":1,"isFinalize":false,"childCount":1,"children":["#,
        ]
        #expect(text.contains(expected.joined()))
        #expect(text.contains(#""meta":[[0,"execution","input"],[1,"execution","startAt"],"#))
        #expect(
            text.hasSuffix(#"[1,"attempts",0,"startedAt"],[1,"attempts",0,"endedAt"],[1,"attempts",1,"startedAt"]]}"#)
        )
    }

    @Test("An inspection with something wrong is refused, naming it")
    func malformed() throws {
        func member(_ text: String, _ replacement: String) throws -> String? {
            let changed = String(decoding: record.encode(), as: UTF8.self).replacing(text, with: replacement)
            let value = try Envelope(Array(changed.utf8)).value
            return #expect(throws: MalformedRecord.self) { try InspectionRecord(value) }?.member
        }
        let attempts = try member(#""end":"retried""#, #""end":"odd""#)
        #expect(attempts == "attempts")
        let children = try member(#""index":1,"#, #""status":"odd","#)
        #expect(children == "children")
        let execution = try member(#""executionId":"te_00000000000000000000000000000001","#, "")
        #expect(execution == "executionId")
    }
}
