import DurableCore
import DurableWire
import Testing

@Suite("Execution records")
struct ExecutionRecordTests {
    /// An execution that has been through everything; a record must show of it only what its status says.
    private func execution(_ status: ExecutionStatus) -> Execution {
        Execution(
            id: ExecutionID(bits: 0x0192_0000_0000_7000_8000_0000_0000_0001),
            taskID: "add1",
            options: TaskOptions(
                timeoutMs: 5000,
                retryOptions: RetryOptions(maxAttempts: 2, baseDelayMs: 10),
                sleepMsBeforeRun: 0.5
            ),
            input: Payload(json: Array(#"{"d":null}"#.utf8), meta: Array(#"[[1,"d"]]"#.utf8)),
            status: status,
            output: status == .completed ? Payload(json: Array(#"["1"]"#.utf8), meta: Array("[[0,0],[6]]".utf8)) : nil,
            error: status == .completed ? nil : ExecutionError(message: "boom \"x\"", isRetryable: true),
            retryAttempts: 1,
            attempt: 2,
            workerID: WorkerID(bits: 0xFF),
            createdAt: Timestamp(microseconds: 1_000_999),
            updatedAt: Timestamp(microseconds: 6_000_000),
            startAt: Timestamp(microseconds: 2_000_000),
            startedAt: status == .ready ? nil : Timestamp(microseconds: 3_000_000),
            finishedAt: status.isFinished ? Timestamp(microseconds: 4_000_000) : nil
        )
    }

    private func text(_ execution: Execution) -> String {
        String(decoding: ExecutionRecord(execution).encode(), as: UTF8.self)
    }

    private let identity =
        #""taskId":"add1","executionId":"te_01920000000070008000000000000001","areChildrenSequential":false,"#
        + #""retryOptions":{"maxAttempts":2,"baseDelayMs":10},"sleepMsBeforeRun":0.5,"timeoutMs":5000,"input":{"d":null},"#
    private let error =
        #""error":{"errorType":"generic","message":"boom \"x\"","isRetryable":true,"isInternal":false},"retryAttempts":1,"#
    private let executor = #""executorId":"de_000000000000000000000000000000ff","#
    private let startAt = #""startAt":"1970-01-01T00:00:02.000Z","#
    private let startedAt = #""startedAt":"1970-01-01T00:00:03.000Z","#
    private let expiresAt = #""expiresAt":"1970-01-01T00:00:08.000Z","#
    private let finishedAt = #""finishedAt":"1970-01-01T00:00:04.000Z","#
    private let children = #""children":[],"activeChildrenCount":0,"#
    private let end =
        #""createdAt":"1970-01-01T00:00:01.000Z","updatedAt":"1970-01-01T00:00:06.000Z"},"meta":[[1,"input","d"],"#
    private let endOfMeta = #"[1,"createdAt"],[1,"updatedAt"]]}"#

    @Test("A ready execution shows what the attempt before said")
    func ready() {
        #expect(
            text(execution(.ready))
                == #"{"json":{"# + identity + #""status":"ready","# + error + startAt + end + #"[1,"startAt"],"#
                + endOfMeta
        )
    }

    @Test("A running execution shows its worker, and when it times out")
    func running() {
        #expect(
            text(execution(.running))
                == #"{"json":{"# + identity + executor + #""status":"running","# + error + startAt + startedAt
                + expiresAt + end
                + #"[1,"startAt"],[1,"startedAt"],[1,"expiresAt"],"# + endOfMeta
        )
    }

    @Test("A completed execution shows its output, and no children as an empty list")
    func completed() {
        #expect(
            text(execution(.completed))
                == #"{"json":{"# + identity + #""status":"completed","output":["1"],"retryAttempts":1,"# + startAt
                + startedAt
                + finishedAt + children + end
                + #"[0,"output",0],[6,"output"],[1,"startAt"],[1,"startedAt"],[1,"finishedAt"],"# + endOfMeta
        )
    }

    @Test("A failed execution shows its error", arguments: [ExecutionStatus.failed, .timedOut])
    func failed(_ status: ExecutionStatus) {
        #expect(
            text(execution(status))
                == #"{"json":{"# + identity + "\"status\":\"\(status.rawValue)\"," + error + startAt + startedAt
                + finishedAt + end
                + #"[1,"startAt"],[1,"startedAt"],[1,"finishedAt"],"# + endOfMeta
        )
    }

    @Test("A cancelled execution shows the worker that it was taken from")
    func cancelledWhileRunning() {
        #expect(
            text(execution(.cancelled))
                == #"{"json":{"# + identity + executor + #""status":"cancelled","# + error + startAt + startedAt
                + finishedAt
                + children + end + #"[1,"startAt"],[1,"startedAt"],[1,"finishedAt"],"# + endOfMeta
        )
    }

    @Test("An execution that was cancelled while ready shows no worker, though one had it before")
    func cancelledWhileReady() {
        var execution = execution(.cancelled)
        execution.startedAt = nil
        #expect(
            text(execution)
                == #"{"json":{"# + identity + #""status":"cancelled","# + error + startAt + finishedAt + children + end
                + #"[1,"startAt"],[1,"finishedAt"],"# + endOfMeta
        )
    }

    @Test("Undefined input and output are absent")
    func undefined() throws {
        var execution = execution(.completed)
        execution.input = .undefined
        execution.output = .undefined
        let members = try #require(Envelope(ExecutionRecord(execution).encode()).value.members)
        #expect(members["input"].isUndefined)
        #expect(members["output"].isUndefined)
    }

    @Test("A record that was written is read again", arguments: ExecutionStatus.allCases)
    func roundTrip(_ status: ExecutionStatus) throws {
        var execution = execution(status)
        // The wire has milliseconds.
        execution.createdAt = Timestamp(microseconds: 1_000_000)
        let record = ExecutionRecord(execution)
        let again = try ExecutionRecord(try Envelope(record.encode()).value)
        #expect(again == record)
    }

    @Test("A record with something missing or wrong is refused, naming it")
    func malformed() throws {
        func member(_ change: (String) -> String) throws -> String? {
            let value = try Envelope(Array(change(text(execution(.running))).utf8)).value
            let error = #expect(throws: MalformedRecord.self) { try ExecutionRecord(value) }
            return error?.member
        }
        let noStatus = try member { $0.replacing(#""status":"running","#, with: "") }
        #expect(noStatus == "status")
        let unknownStatus = try member { $0.replacing(#""running""#, with: #""waiting""#) }
        #expect(unknownStatus == "status")
        let badDate = try member { $0.replacing("1970-01-01T00:00:02.000Z", with: "yesterday") }
        #expect(badDate == "startAt")
        let badError = try member { $0.replacing(#""generic""#, with: #""odd""#) }
        #expect(badError == "error")
        let noRecord = #expect(throws: MalformedRecord.self) {
            try ExecutionRecord(try Envelope(Array(#"{"json":"te_1"}"#.utf8)).value)
        }
        #expect(noRecord?.description == "The answer is not an execution record")
    }
}
