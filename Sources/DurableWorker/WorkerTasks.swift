package import DurableCore
import Synchronization

/// A task and what makes its attempts.
package struct RegisteredTask: Sendable {
    package let definition: TaskDefinition
    /// `nil` for tasks whose executions are not leased: sequences, loops and sleepers.
    package let invoker: (any Invoker)?
    /// Refuses inputs that the task cannot take; `nil` for tasks that say so themselves.
    package let check: InputCheck?

    package init(definition: TaskDefinition, invoker: (any Invoker)?, check: InputCheck? = nil) {
        self.definition = definition
        self.invoker = invoker
        self.check = check
    }
}

/// The tasks that a worker serves; they may be replaced while it works.
package final class WorkerTasks: Sendable {
    private struct State {
        var tasks: [TaskID: RegisteredTask]
        var version = 0
    }

    private let state: Mutex<State>

    package init(_ tasks: [RegisteredTask]) {
        state = Mutex(State(tasks: Self.byID(tasks)))
    }

    /// Serves these tasks from now on.
    ///
    /// Attempts that are being made go on as they began.
    package func replace(with tasks: [RegisteredTask]) {
        state.withLock { state in
            state.tasks = Self.byID(tasks)
            state.version += 1
        }
    }

    package var definitions: [TaskDefinition] { state.withLock { $0.tasks.values.map(\.definition) } }

    /// The ids to lease.
    var served: [TaskID] {
        state.withLock { $0.tasks.values.lazy.filter { $0.invoker != nil }.map(\.definition.id) }
    }

    /// A number that changes when the tasks may have.
    var version: Int { state.withLock { $0.version } }

    func invoker(for id: TaskID) -> (any Invoker)? { state.withLock { $0.tasks[id]?.invoker } }

    private static func byID(_ tasks: [RegisteredTask]) -> [TaskID: RegisteredTask] {
        Dictionary(tasks.map { ($0.definition.id, $0) }) { _, last in last }
    }
}
