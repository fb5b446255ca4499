import ArgumentParser
import DurableClient
import DurableCore
import DurableWire

/// The service by one of its front ends.
struct FrontEndAccess: ServiceAccess {
    let client: DurableClient

    func enqueue(_ task: TaskID, _ input: Payload, _ options: EnqueueOptions) async throws -> String {
        let answer = try await client.call("enqueueTask") { body in
            body.object { request in
                request.member("taskId", task.rawValue)
                request.member("input", input)
                if let options = options.json { request.member("options", options) }
            }
        }
        guard let json = answer.payload.json, let id = try JSON(parsing: json).string else {
            throw DurableClientError.unexpectedAnswer(reason: "it holds no execution id")
        }
        return id
    }

    func finished(_ id: String, task: TaskID) async throws -> ExecutionRecord {
        while true {
            // Held back by the service for up to 25 seconds.
            let record = try Self.record(try await call("waitForTaskExecution", id, task))
            if record.status.isFinished { return record }
        }
    }

    func inspect(_ id: String, task: TaskID?) async throws -> InspectionRecord {
        let answer = try await call("inspectTaskExecution", id, task)
        do {
            return try InspectionRecord(answer)
        } catch {
            throw DurableClientError.unexpectedAnswer(reason: "\(error)")
        }
    }

    func cancel(_ id: String, task: TaskID?) async throws -> ExecutionRecord {
        try Self.record(try await call("cancelTaskExecution", id, task))
    }

    func retry(_ id: String, task: TaskID?) async throws -> ExecutionRecord {
        try Self.record(try await call("retryTaskExecution", id, task))
    }

    func wake(_ uniqueID: String, of task: TaskID, with result: WakeUp.Result) async throws -> ExecutionRecord? {
        let answer = try await client.call("wakeupSleepingTaskExecution") { body in
            body.object { request in
                request.member("taskId", task.rawValue)
                request.member("sleepingTaskUniqueId", uniqueID)
                request.member("options") { $0.object { $0.write(result) } }
            }
        }
        if case .null? = try? answer.json() { return nil }
        return try Self.record(answer)
    }

    private func call(_ procedure: String, _ id: String, _ task: TaskID?) async throws -> WireValue {
        guard let task else { throw ValidationError("A front end has to be told the task as well: give --task.") }
        return try await client.call(procedure, timeout: .seconds(60)) { body in
            body.object { reference in
                reference.member("taskId", task.rawValue)
                reference.member("executionId", id)
            }
        }
    }

    private static func record(_ answer: WireValue) throws -> ExecutionRecord {
        do {
            return try ExecutionRecord(answer)
        } catch {
            throw DurableClientError.unexpectedAnswer(reason: "\(error)")
        }
    }
}

extension EnvelopeWriter {
    fileprivate mutating func write(_ result: WakeUp.Result) {
        switch result {
        case .completed(let output):
            member("status", "completed")
            member("output", output)
        case .failed(let error):
            member("status", "failed")
            member("error") { $0.object { $0.member("message", error.message) } }
        }
    }
}
