import DurableCore
import DurableWire
import LibPQ

extension TaskKind {
    /// The kind as the columns called `plan` have it.
    var plan: [UInt8]? { self == .single ? nil : json.encode() }
}

extension Row {
    func kind(_ column: Int) throws(DatabaseError) -> TaskKind {
        guard let plan = try bytesIfPresent(column) else { return .single }
        guard let kind = (try? JSON(parsing: plan)).flatMap(TaskKind.init) else {
            throw .decoding("column \(column) is no plan of a task")
        }
        return kind
    }

    func reference(id: Int, task: Int) throws(DatabaseError) -> ExecutionReference? {
        guard let bits = try uuidIfPresent(id) else { return nil }
        return ExecutionReference(taskID: TaskID(try string(task)), executionID: ExecutionID(bits: bits))
    }

    /// Reads the columns of `Statements.family`.
    func family(from column: Int) throws(DatabaseError) -> Family? {
        guard let root = try reference(id: column, task: column + 1),
            let parent = try reference(id: column + 2, task: column + 3)
        else { return nil }
        var role = Family.Role.finalize
        if let index = try intIfPresent(column + 5) { role = .child(index: index, isOnly: try bool(column + 6)) }
        return Family(root: root, parent: parent, parentAttempt: try int(column + 4), role: role)
    }

    /// Reads the options from seven columns: timeout, sleep, then the retry options.
    func taskOptions(from column: Int) throws(DatabaseError) -> TaskOptions {
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

    func payload(_ json: Int, _ meta: Int) throws(DatabaseError) -> Payload {
        Payload(json: try bytesIfPresent(json), meta: try bytesIfPresent(meta))
    }

    func executionError(_ column: Int) throws(DatabaseError) -> ExecutionError? {
        guard let json = try bytesIfPresent(column) else { return nil }
        guard let error = (try? JSON(parsing: json)).flatMap(ExecutionError.init) else {
            throw .decoding("column \(column) is no execution error")
        }
        return error
    }

    func moment(_ column: Int) throws(DatabaseError) -> Timestamp {
        Timestamp(microseconds: try timestamp(column))
    }

    fileprivate func momentIfPresent(_ column: Int) throws(DatabaseError) -> Timestamp? {
        try timestampIfPresent(column).map(Timestamp.init(microseconds:))
    }
}

extension Execution {
    /// Reads the id and then the columns of `Statements.executionColumns`.
    init(row: Row) throws(DatabaseError) {
        guard let status = ExecutionStatus(rawValue: try row.string(11)) else {
            throw .decoding("column 11 is no execution status")
        }
        self.init(
            id: ExecutionID(bits: try row.uuid(0)),
            taskID: TaskID(try row.string(1)),
            kind: try row.kind(25),
            family: try row.family(from: 30),
            options: try row.taskOptions(from: 2),
            priority: try row.int(24),
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
            finishedAt: try row.momentIfPresent(23),
            deadline: try row.momentIfPresent(26),
            waitingForChildrenAt: try row.momentIfPresent(27),
            waitingForFinalizeAt: try row.momentIfPresent(28),
            activeChildren: try row.int(29)
        )
    }
}

extension TaskDefinition {
    /// Reads the columns of `Statements.tasks`.
    init(row: Row) throws(DatabaseError) {
        self.init(id: TaskID(try row.string(0)), options: try row.taskOptions(from: 1), kind: try row.kind(8))
    }
}

extension ExecutionStateMachine.Ending {
    /// Reads an ending from its status, output, annotations and error; `nil` for an execution that has not ended.
    init?(row: Row, from column: Int) throws(DatabaseError) {
        guard let status = try row.stringIfPresent(column).flatMap(ExecutionStatus.init(rawValue:)) else { return nil }
        self.init(
            status,
            output: try row.payload(column + 1, column + 2),
            error: try row.executionError(column + 3)
        )
    }
}

extension ChildEnd {
    /// Reads the columns of `Statements.ends`; `nil` for a child that has not ended.
    init?(row: Row) throws(DatabaseError) {
        guard let ending = try ExecutionStateMachine.Ending(row: row, from: 3) else { return nil }
        self.init(
            child: ExecutionReference(
                taskID: TaskID(try row.string(1)),
                executionID: ExecutionID(bits: try row.uuid(0))
            ),
            index: try row.intIfPresent(2) ?? 0,
            ending: ending
        )
    }
}

/// A parent as deciding about it takes it.
struct Parent {
    let reference: ExecutionReference
    let attempt: Int
    let waitsFor: String?
    let kind: TaskKind
    let priority: Int
    let trace: TraceContext?
    let root: ExecutionReference?
    /// What its attempt answered together with children; for a loop, its input.
    let carried: Payload

    /// Reads the columns of `Statements.parents`.
    init(row: Row) throws(DatabaseError) {
        reference = ExecutionReference(
            taskID: TaskID(try row.string(1)),
            executionID: ExecutionID(bits: try row.uuid(0))
        )
        attempt = try row.int(2)
        waitsFor = try row.stringIfPresent(3)
        kind = try row.kind(4)
        priority = try row.int(5)
        let tracestate = try row.stringIfPresent(7)
        trace = try row.stringIfPresent(6).map { TraceContext(traceparent: $0, tracestate: tracestate) }
        if case .loop = kind { carried = try row.payload(10, 11) } else { carried = try row.payload(8, 9) }
        root = try row.reference(id: 12, task: 13)
    }

    var id: ExecutionID { reference.executionID }

    var state: ExecutionStateMachine.State {
        ExecutionStateMachine.State(
            execution: reference,
            kind: kind,
            status: waitsFor == "finalize" ? .waitingForFinalize : .waitingForChildren
        )
    }

    func seed(_ role: Family.Role) -> Seed.Parent {
        Seed.Parent(
            reference: reference,
            root: root,
            attempt: attempt,
            priority: priority,
            trace: trace,
            role: role
        )
    }
}

extension AttemptRecord {
    /// Reads the columns of `Statements.attempts`.
    init(row: Row) throws(DatabaseError) {
        guard let end = End(rawValue: try row.string(5)) else { throw .decoding("column 5 is no end of an attempt") }
        self.init(
            attempt: try row.int(0),
            workerID: try row.uuidIfPresent(1).map(WorkerID.init(bits:)),
            workerName: try row.stringIfPresent(2),
            startedAt: try row.moment(3),
            endedAt: try row.moment(4),
            end: end,
            error: try row.executionError(6)
        )
    }
}
