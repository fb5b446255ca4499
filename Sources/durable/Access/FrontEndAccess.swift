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

    func record(of id: String, task: TaskID?) async throws -> RecordText {
        try await call("getTaskExecution", id, task)
    }

    func finished(_ id: String, task: TaskID) async throws -> RecordText {
        while true {
            // Held back by the service for up to 25 seconds.
            let record = try await call("waitForTaskExecution", id, task)
            if record.record.status.isFinished { return record }
        }
    }

    func cancel(_ id: String, task: TaskID?) async throws -> RecordText {
        try await call("cancelTaskExecution", id, task)
    }

    private func call(_ procedure: String, _ id: String, _ task: TaskID?) async throws -> RecordText {
        guard let task else { throw ValidationError("A front end has to be told the task as well: give --task.") }
        let answer = try await client.call(procedure, timeout: .seconds(60)) { body in
            body.object { reference in
                reference.member("taskId", task.rawValue)
                reference.member("executionId", id)
            }
        }
        do {
            return RecordText(record: try ExecutionRecord(answer))
        } catch {
            throw DurableClientError.unexpectedAnswer(reason: "\(error)")
        }
    }
}
