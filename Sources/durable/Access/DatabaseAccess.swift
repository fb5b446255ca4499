import DurableCore
import DurablePostgres
import DurableServer
import DurableWire
import Logging

/// The service by its database.
struct DatabaseAccess: ServiceAccess {
    let stores: Stores
    let executions: Executions

    /// Runs the body with the database and lets the connections go.
    static func with<Value>(
        _ settings: DatabaseSettings,
        _ body: (DatabaseAccess) async throws -> Value
    ) async throws -> Value {
        let stores = Stores(settings, poolSize: 2, logger: Logger(label: "durable"))
        let executions = Executions(storage: stores.storage, signals: stores.signals)
        let access = DatabaseAccess(stores: stores, executions: executions)
        do {
            let value = try await body(access)
            await stores.close()
            return value
        } catch {
            await stores.close()
            throw error
        }
    }

    func enqueue(_ task: TaskID, _ input: Payload, _ options: EnqueueOptions) async throws -> String {
        let id = try await executions.enqueue(EnqueueRequest(taskID: task, input: input, options: options))
        await stores.signals.flush()
        return id.description
    }

    func record(of id: String, task: TaskID?) async throws -> RecordText {
        let execution = try await execution(id, task: task)
        let details = [
            ("attempts", execution.attempt == 0 ? nil : "\(execution.attempt)"),
            ("lost workers", execution.leaseLosses == 0 ? nil : "\(execution.leaseLosses)"),
        ].compactMap { name, value in value.map { (name: name, value: $0) } }
        return RecordText(record: ExecutionRecord(execution), details: details)
    }

    func finished(_ id: String, task: TaskID) async throws -> RecordText {
        // Looks again and again rather than listen: nobody but a person waits for this.
        while true {
            let record = try await record(of: id, task: task)
            if record.record.status.isFinished { return record }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    func cancel(_ id: String, task: TaskID?) async throws -> RecordText {
        let execution = try await execution(id, task: task)
        _ = try await executions.cancel(id, of: execution.taskID)
        await stores.signals.flush()
        return try await record(of: id, task: execution.taskID)
    }

    private func execution(_ id: String, task: TaskID?) async throws -> Execution {
        if let task { return try await executions.execution(id, of: task) }
        guard let executionID = ExecutionID(id),
            let execution = try await stores.storage.executions([executionID])[executionID]
        else { throw RequestError.executionNotFound(id) }
        return execution
    }
}
