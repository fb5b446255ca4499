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
    ///
    /// - Parameter wakeUpRetention: How long a wake-up is kept for a sleeper that does not exist yet.
    static func with<Value>(
        _ settings: DatabaseSettings,
        wakeUpRetention: Duration = .zero,
        _ body: (DatabaseAccess) async throws -> Value
    ) async throws -> Value {
        let stores = Stores(settings, poolSize: 1, logger: Logger(label: "durable"))
        let executions = Executions(
            storage: stores.storage,
            signals: stores.signals,
            wakeUpRetentionMs: wakeUpRetention / .milliseconds(1)
        )
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

    func finished(_ id: String, task: TaskID) async throws -> ExecutionRecord {
        // Looks again and again rather than listen: nobody but a person waits for this.
        while true {
            let execution = try await executions.execution(id, of: task)
            if execution.status.isFinished { return ExecutionRecord(execution) }
            try await Task.sleep(for: .milliseconds(250))
        }
    }

    func inspect(_ id: String, task: TaskID?) async throws -> InspectionRecord {
        InspectionRecord(try await executions.report(on: id, of: try await self.task(of: id, task)), at: .now)
    }

    func cancel(_ id: String, task: TaskID?) async throws -> ExecutionRecord {
        let execution = try await executions.cancel(id, of: try await self.task(of: id, task))
        await stores.signals.flush()
        return ExecutionRecord(execution)
    }

    func retry(_ id: String, task: TaskID?) async throws -> ExecutionRecord {
        let execution = try await executions.retry(id, of: try await self.task(of: id, task))
        await stores.signals.flush()
        return ExecutionRecord(execution)
    }

    func wake(_ uniqueID: String, of task: TaskID, with result: WakeUp.Result) async throws -> ExecutionRecord? {
        let execution = try await executions.wake(uniqueID, of: task, with: result)
        await stores.signals.flush()
        return execution.map { ExecutionRecord($0) }
    }

    /// The task that was given, or else the one that the execution is of.
    private func task(of id: String, _ task: TaskID?) async throws -> TaskID {
        if let task { return task }
        guard let executionID = ExecutionID(id),
            let execution = try await executions.executions([executionID])[executionID]
        else { throw RequestError.executionNotFound(id) }
        return execution.taskID
    }
}
