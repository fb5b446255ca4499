import DurableCore
import Yams

/// A task as it stands in a tasks file: the tasks that it is made of are names still.
struct TaskDeclaration {
    /// The name of another task.
    struct Reference {
        let name: String
        let mark: Mark?
    }

    enum Kind {
        case single
        case parent(finalize: Reference?, onChildFailure: ChildFailurePolicy)
        case sequence([Reference])
        case loop(iteration: Reference, maxAttempts: Int, delaysMs: [Double])
        case sleeping
    }

    let id: TaskID
    let mark: Mark?
    let options: TaskOptions
    let kind: Kind
    let procedure: TasksFile.ProcedureName?
}
