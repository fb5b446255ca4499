import DurableCore
import DurableWire
import LibPQ

extension Row {
    /// Reads the options from seven columns: timeout, sleep, then the retry options.
    fileprivate func taskOptions(from column: Int) throws(DatabaseError) -> TaskOptions {
        TaskOptions(
            timeoutMs: try int(column),
            retryOptions: RetryOptions(
                maxAttempts: try int(column + 2),
                baseDelayMs: try intIfPresent(column + 3),
                delayMultiplier: try doubleIfPresent(column + 4),
                maxDelayMs: try intIfPresent(column + 5),
                jitter: try doubleIfPresent(column + 6)
            ),
            sleepMsBeforeRun: try double(column + 1)
        )
    }

    fileprivate func payload(_ json: Int, _ meta: Int) throws(DatabaseError) -> Payload {
        Payload(json: try bytesIfPresent(json), meta: try bytesIfPresent(meta))
    }

    fileprivate func executionError(_ column: Int) throws(DatabaseError) -> ExecutionError? {
        guard let json = try bytesIfPresent(column) else { return nil }
        guard let error = (try? JSON(parsing: json)).flatMap(ExecutionError.init) else {
            throw .decoding("column \(column) is no execution error")
        }
        return error
    }

    fileprivate func moment(_ column: Int) throws(DatabaseError) -> Timestamp {
        Timestamp(microseconds: try timestamp(column))
    }

    fileprivate func momentIfPresent(_ column: Int) throws(DatabaseError) -> Timestamp? {
        try timestampIfPresent(column).map(Timestamp.init(microseconds:))
    }
}

extension Execution {
    /// Reads the columns of `Statements.selectExecution`.
    init(row: Row) throws(DatabaseError) {
        guard let status = ExecutionStatus(rawValue: try row.string(11)) else {
            throw .decoding("column 11 is no execution status")
        }
        self.init(
            id: ExecutionID(bits: try row.uuid(0)),
            taskID: TaskID(try row.string(1)),
            options: try row.taskOptions(from: 2),
            input: try row.payload(9, 10),
            status: status,
            output: status == .completed ? try row.payload(12, 13) : nil,
            error: try row.executionError(14),
            retryAttempts: try row.int(15),
            attempt: try row.int(16),
            leaseLosses: try row.int(17),
            workerID: try row.uuidIfPresent(18).map(WorkerID.init(bits:)),
            createdAt: try row.moment(19),
            updatedAt: try row.moment(20),
            startAt: try row.moment(21),
            startedAt: try row.momentIfPresent(22),
            finishedAt: try row.momentIfPresent(23)
        )
    }
}

extension Lease {
    /// Reads the columns of `Statements.lease` from the second on; `nil` for the row that holds no lease.
    init?(row: Row) throws(DatabaseError) {
        guard let execution = try row.uuidIfPresent(1) else { return nil }
        let traceparent = try row.stringIfPresent(17)
        let tracestate = try row.stringIfPresent(18)
        self.init(
            id: LeaseID(executionID: ExecutionID(bits: execution), attempt: try row.int(2)),
            taskID: TaskID(try row.string(4)),
            input: try row.payload(12, 13),
            options: try row.taskOptions(from: 5),
            retryAttempts: try row.int(14),
            leaseLosses: try row.int(15),
            previousError: try row.executionError(16),
            trace: traceparent.map { TraceContext(traceparent: $0, tracestate: tracestate) },
            startedAt: try row.moment(3)
        )
    }
}

extension TaskDefinition {
    /// Reads the columns of `Statements.tasks`.
    init(row: Row) throws(DatabaseError) {
        self.init(id: TaskID(try row.string(0)), options: try row.taskOptions(from: 1))
    }
}
