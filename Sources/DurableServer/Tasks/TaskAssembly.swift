import DurableCore
import Yams

/// Puts the tasks that a task is made of in the place of their names.
///
/// Every task is assembled once, whoever refers to it; a problem is reported once, and whatever is made of a task with a
/// problem is left out without another.
struct TaskAssembly {
    struct Problem {
        let mark: Mark?
        let message: String
    }

    private(set) var problems: [Problem] = []
    private let declarations: [String: TaskDeclaration]
    /// Whole, or `nil` when something is wrong with it.
    private var parts: [String: Part?]
    /// The tasks that are being assembled, each a part of the one before.
    private var path: [String] = []

    private struct Part {
        let definition: TaskDefinition
        /// How many tasks it is, itself and those that it is made of as often as it is made of them.
        let size: Int
    }

    /// The most tasks that one task may be made of; all of them go into each of its executions.
    private static let largest = 10_000

    /// - Parameter others: Tasks that are whole already.
    init(_ declarations: [TaskDeclaration], others: [TaskDefinition]) {
        self.declarations = Dictionary(declarations.map { ($0.id.rawValue, $0) }) { first, _ in first }
        parts = Dictionary(others.map { ($0.id.rawValue, .some(Part(definition: $0, size: $0.size))) }) { first, _ in
            first
        }
    }

    /// The task with all that it is made of; `nil` when something is wrong with that.
    mutating func definition(of declaration: TaskDeclaration) -> TaskDefinition? {
        part(declaration)?.definition
    }

    private mutating func part(_ declaration: TaskDeclaration) -> Part? {
        let name = declaration.id.rawValue
        if let known = parts[name] { return known }
        path.append(name)
        let part = assemble(declaration)
        path.removeLast()
        parts[name] = .some(part)
        return part
    }

    private mutating func part(_ reference: TaskDeclaration.Reference) -> Part? {
        if let start = path.firstIndex(of: reference.name) {
            let circle = (path[start...] + [reference.name]).joined(separator: " → ")
            report(reference.mark, "Task \(reference.name) cannot be made of itself (\(circle))")
            return nil
        }
        guard path.count <= TaskDefinition.deepest else {
            report(
                reference.mark,
                "Task \(path[0]) is made of tasks more than \(TaskDefinition.deepest) levels deep"
            )
            return nil
        }
        // What is missing here has been reported already, or is one of the others.
        guard let declaration = declarations[reference.name] else { return parts[reference.name] ?? nil }
        return part(declaration)
    }

    private mutating func assemble(_ declaration: TaskDeclaration) -> Part? {
        var size = 1
        let kind: TaskKind
        switch declaration.kind {
        case .single:
            kind = .single
        case .sleeping:
            kind = .sleeping
        case .parent(finalize: nil, let policy):
            kind = .parent(finalize: nil, onChildFailure: policy)
        case .parent(let finalize?, let policy):
            guard let task = part(finalize) else { return nil }
            guard task.definition.kind != .sleeping else {
                report(finalize.mark, "Finalize task cannot be a sleeping task [taskId=\(finalize.name)]")
                return nil
            }
            size += task.size
            kind = .parent(finalize: task.definition, onChildFailure: policy)
        case .sequence(let members):
            // All of them are looked at, so that each problem is found.
            let tasks = members.map { part($0) }
            let whole = tasks.compactMap(\.self)
            guard whole.count == tasks.count else { return nil }
            size = whole.reduce(size) { min($0 + $1.size, .max / 2) }
            kind = .sequence(whole.map(\.definition))
        case .loop(let iteration, let maxAttempts, let delaysMs):
            guard let task = part(iteration) else { return nil }
            size += task.size
            kind = .loop(LoopPlan(iteration: task.definition, maxAttempts: maxAttempts, delaysMs: delaysMs))
        }
        // Before anything walks through all of them: few lines can be made of more tasks than there are atoms.
        guard size <= Self.largest else {
            report(declaration.mark, "Task \(declaration.id) is made of more than \(Self.largest) tasks")
            return nil
        }
        let definition = TaskDefinition(id: declaration.id, options: declaration.options, kind: kind)
        do throws(InvalidTask) {
            try definition.validate()
        } catch {
            report(declaration.mark, error.message)
            return nil
        }
        return Part(definition: definition, size: size)
    }

    private mutating func report(_ mark: Mark?, _ message: String) {
        problems.append(Problem(mark: mark, message: message))
    }
}

extension TaskDefinition {
    /// How many tasks it is, itself and those that it is made of.
    fileprivate var size: Int {
        switch kind {
        case .single, .sleeping, .parent(finalize: nil, onChildFailure: _): 1
        case .parent(let finalize?, onChildFailure: _): 1 + finalize.size
        case .sequence(let members): members.reduce(1) { $0 + $1.size }
        case .loop(let loop): 1 + loop.iteration.size
        }
    }
}
