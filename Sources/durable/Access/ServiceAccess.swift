import DurableCore
import DurableWire

/// What the verbs for people ask of the service, be it a front end or the database.
protocol ServiceAccess {
    /// Enqueues an execution and returns its id.
    func enqueue(_ task: TaskID, _ input: Payload, _ options: EnqueueOptions) async throws -> String

    /// The execution's record; a front end has to be told the task.
    func record(of id: String, task: TaskID?) async throws -> RecordText

    /// The execution's record once it has finished.
    func finished(_ id: String, task: TaskID) async throws -> RecordText

    /// Cancels an execution; a finished one stays as it is. Returns its record as it then is.
    func cancel(_ id: String, task: TaskID?) async throws -> RecordText
}
