public import DurableCoding
public import DurableCore
import DurableWire

/// A task of a service: enqueues its executions, and reads, awaits, cancels and retries them.
///
/// Everything here throws ``DurableClientError``, or `CancellationError` when the calling task is cancelled.
public struct RemoteTask<Input: Sendable, Output: Sendable>: Sendable {
    /// Its name in the service's tasks file, or in Swift.
    public let id: TaskID
    let client: DurableClient
    let encode: @Sendable (Input) throws -> Payload
    let decode: @Sendable (Payload) throws -> Output

    // MARK: Enqueueing

    /// Enqueues an execution; returns when the service has stored it.
    ///
    /// - Parameter options: Replace the task's own for this execution. With an idempotency key, enqueueing may be repeated.
    public func enqueue(_ input: Input, options: EnqueueOptions = EnqueueOptions()) async throws -> ExecutionID {
        let request = try request(input, options)
        return try executionID(try await client.call("enqueueTask") { $0.write(request) })
    }

    /// Enqueues many executions at once, all or none.
    ///
    /// - Parameter options: Asked for each input.
    /// - Returns: The executions' ids, in the order of the inputs.
    public func enqueueMany(
        _ inputs: [Input],
        options: (Input) -> EnqueueOptions = { _ in EnqueueOptions() }
    ) async throws -> [ExecutionID] {
        let requests = try inputs.map { try request($0, options($0)) }
        let answer = try await client.call("enqueueTasks") { body in
            body.object { $0.member("tasks") { $0.array(requests) { $0.write($1) } } }
        }
        return try (answer.elements ?? []).map(executionID)
    }

    // MARK: Executions

    /// An execution as it stands.
    public func getExecution(_ id: ExecutionID) async throws -> ExecutionSnapshot<Output> {
        try snapshot(try await client.call("getTaskExecution") { $0.write(reference(id)) })
    }

    /// An execution once it has finished, or as it is when the time is up.
    ///
    /// Asks the service to answer when it has finished, and asks again as long as it takes. Lives through a service that
    /// does not answer for a while (``DurableClient/Configuration/waitPatience``).
    ///
    /// - Parameter timeout: The longest wait; for ever unless given.
    public func wait(_ id: ExecutionID, timeout: Duration? = nil) async throws -> ExecutionSnapshot<Output> {
        var wait = LongWait(timeout: timeout, patience: client.configuration.waitPatience)
        while true {
            let time = wait.nextPoll()
            do {
                let execution = try await poll(id, for: time)
                if execution.isFinished || wait.isOver { return execution }
                wait.wasAnswered()
            } catch let error as DurableClientError where error.isTransient {
                try await wait.overcome(error)
            }
        }
    }

    /// Cancels an execution, or leaves it as it is when it has finished, and returns it as it then is.
    @discardableResult
    public func cancel(_ id: ExecutionID) async throws -> ExecutionSnapshot<Output> {
        try snapshot(try await client.call("cancelTaskExecution") { $0.write(reference(id)) })
    }

    /// Has an execution run again that has finished without completing, its history kept; returns it as it then is.
    ///
    /// The service refuses it with `CONFLICT` for an execution that is completed or has not finished, and for a child
    /// whose parent has not.
    @discardableResult
    public func retry(_ id: ExecutionID) async throws -> ExecutionSnapshot<Output> {
        try snapshot(try await client.call("retryTaskExecution") { $0.write(reference(id)) })
    }

    /// An execution as it stands, with its attempts and why it is where it is.
    public func inspect(_ id: ExecutionID) async throws -> ExecutionInspection<Output> {
        let answer = try await client.call("inspectTaskExecution") { $0.write(reference(id)) }
        let inspection: InspectionRecord
        do {
            inspection = try InspectionRecord(answer)
        } catch {
            throw DurableClientError.unexpectedAnswer(reason: error.description)
        }
        return ExecutionInspection(
            execution: try snapshot(inspection.execution),
            reason: inspection.reason,
            priority: inspection.priority,
            deadline: inspection.deadline?.date,
            attempts: inspection.attempts
        )
    }

    // MARK: Parts

    /// The time that an answer takes on its way, on top of what the service waits.
    private static var travelTime: Duration { .seconds(10) }

    private func poll(_ id: ExecutionID, for time: Duration) async throws -> ExecutionSnapshot<Output> {
        let answer = try await client.call("waitForTaskExecution", timeout: time + Self.travelTime) { body in
            var members = reference(id)
            members.append(JSON.Member("timeoutMs", .number(Int(time / .milliseconds(1)))))
            body.write(members)
        }
        return try snapshot(answer)
    }

    private func reference(_ id: ExecutionID) -> [JSON.Member] {
        [
            JSON.Member("taskId", .string(self.id.rawValue)),
            JSON.Member("executionId", .string(id.description)),
        ]
    }

    private func request(_ input: Input, _ options: EnqueueOptions) throws -> EnqueueBody {
        do {
            return EnqueueBody(taskID: id, input: try encode(input), options: options)
        } catch {
            throw DurableClientError.invalidInput(reason: text(of: error))
        }
    }

    private func executionID(_ answer: WireValue) throws -> ExecutionID {
        guard let id = (try? answer.json())?.string.flatMap({ ExecutionID($0) }) else {
            throw DurableClientError.unexpectedAnswer(reason: "an execution id was expected")
        }
        return id
    }

    func snapshot(_ answer: WireValue) throws -> ExecutionSnapshot<Output> {
        let record: ExecutionRecord
        do {
            record = try ExecutionRecord(answer)
        } catch {
            throw DurableClientError.unexpectedAnswer(reason: error.description)
        }
        return try snapshot(record)
    }

    private func snapshot(_ record: ExecutionRecord) throws -> ExecutionSnapshot<Output> {
        guard let id = ExecutionID(record.executionID) else {
            throw DurableClientError.unexpectedAnswer(reason: "an execution id was expected")
        }
        do {
            return try ExecutionSnapshot(record, of: id, decodingOutput: decode)
        } catch {
            throw DurableClientError.invalidOutput(reason: text(of: error))
        }
    }
}

extension RemoteTask where Input == Void {
    /// Enqueues an execution of a task without input; returns when the service has stored it.
    public func enqueue(options: EnqueueOptions = EnqueueOptions()) async throws -> ExecutionID {
        try await enqueue((), options: options)
    }
}

private struct EnqueueBody {
    let taskID: TaskID
    let input: Payload
    let options: EnqueueOptions
}

extension EnvelopeWriter {
    fileprivate mutating func write(_ request: EnqueueBody) {
        object { body in
            body.member("taskId", request.taskID.rawValue)
            body.member("input", request.input)
            if let options = request.options.json { body.member("options", options) }
        }
    }

    fileprivate mutating func write(_ members: [JSON.Member]) {
        value(JSON.object(members))
    }
}
