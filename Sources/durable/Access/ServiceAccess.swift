import DurableCore
import DurableWire

/// What the verbs for people ask of the service, be it a front end or the database.
///
/// A front end has to be told the task of an execution; the database finds it by itself.
protocol ServiceAccess {
    /// Enqueues an execution and returns its id.
    func enqueue(_ task: TaskID, _ input: Payload, _ options: EnqueueOptions) async throws -> String

    /// The execution's record once it has finished.
    func finished(_ id: String, task: TaskID) async throws -> ExecutionRecord

    /// Everything about an execution.
    func inspect(_ id: String, task: TaskID?) async throws -> InspectionRecord

    /// Cancels an execution; a finished one stays as it is. Returns its record as it then is.
    func cancel(_ id: String, task: TaskID?) async throws -> ExecutionRecord

    /// Has a finished execution run again that did not complete. Returns its record as it then is.
    func retry(_ id: String, task: TaskID?) async throws -> ExecutionRecord

    /// Wakes a sleeper up. Returns its record as it then is; `nil` when it does not exist yet and the wake-up is kept.
    func wake(_ uniqueID: String, of task: TaskID, with result: WakeUp.Result) async throws -> ExecutionRecord?
}
