import DurableCore
import Yams

extension TasksFileReader {
    /// What a task is; keys that are for others are problems.
    mutating func form(of fields: Members, of id: TaskID) -> TaskForm {
        var isSleeping = false
        if let sleeping = flag(fields["sleeping"], "Task \(id): sleeping") { isSleeping = sleeping }
        let forms = [TaskForm.sequential, .looping, .sleeping].filter { form in
            form == .sleeping ? isSleeping : fields[form.rawValue] != nil
        }
        let form = forms.first ?? .procedure
        for field in fields.all where !field.node.isNothing && !form.keys.contains(field.key) {
            // "sleeping: false" says what a task is not.
            if field.key == TaskForm.sleeping.rawValue, !isSleeping { continue }
            if let other = TaskForm(rawValue: field.key), other != .procedure, form != .procedure {
                report(field.mark, "Task \(id) cannot be \(form.rawValue) and \(other.rawValue) at once")
            } else {
                report(field.mark, "Task \(id): \(form.refusal(of: field.key))")
            }
        }
        return form
    }

    mutating func kind(
        _ form: TaskForm,
        _ fields: Members,
        of id: TaskID,
        at mark: Mark?,
        _ known: Known
    ) -> TaskDeclaration.Kind? {
        switch form {
        case .procedure:
            return procedureKind(fields, of: id, known)
        case .sequential:
            guard let node = fields["sequential"] else { return nil }
            return sequence(node, of: id, known).map { .sequence($0) }
        case .looping:
            return loop(fields, of: id, at: mark, known)
        case .sleeping:
            return .sleeping
        }
    }

    /// Whether a task that calls a procedure is a parent, and of what sort.
    private mutating func procedureKind(_ fields: Members, of id: TaskID, _ known: Known) -> TaskDeclaration.Kind? {
        let isParent = flag(fields["parent"], "Task \(id): parent")
        let finalize = fields["finalize"].flatMap { reference($0, "Task \(id): finalize", known) }
        let policy = fields["onChildFailure"].flatMap { childFailurePolicy($0, "Task \(id): onChildFailure") }
        let makesParent = ["finalize", "onChildFailure"].first { fields[$0] != nil }
        if isParent == false, let makesParent {
            report(
                fields["parent"]?.mark,
                "Task \(id) has \(makesParent), which only parents have; write \"parent: true\""
            )
        }
        guard isParent == true || makesParent != nil else { return .single }
        return .parent(finalize: finalize, onChildFailure: policy ?? .continue)
    }

    private mutating func childFailurePolicy(_ node: Node, _ name: String) -> ChildFailurePolicy? {
        guard let text = text(of: node, name) else { return nil }
        if let policy = ChildFailurePolicy(rawValue: text.value) { return policy }
        let policies = ChildFailurePolicy.allCases.map(\.rawValue).joined(separator: " or ")
        report(text.mark, "\(name) must be \(policies), got \(text.quotation)")
        return nil
    }

    private mutating func sequence(_ node: Node, of id: TaskID, _ known: Known) -> [TaskDeclaration.Reference]? {
        guard case .sequence(let members) = node else {
            report(node.mark, "Task \(id): sequential must be a list of tasks, like [first, second]")
            return nil
        }
        return members.compactMap { reference($0, "Task \(id): a member of sequential", known) }
    }

    private mutating func loop(
        _ fields: Members,
        of id: TaskID,
        at mark: Mark?,
        _ known: Known
    ) -> TaskDeclaration.Kind? {
        let iteration = fields["looping"].flatMap { reference($0, "Task \(id): looping", known) }
        if fields["maxAttempts"] == nil {
            report(mark, "Task \(id) has no maxAttempts: how many iterations there are at most")
        }
        let maxAttempts = integer(fields["maxAttempts"], "Task \(id): maxAttempts")
        let delays = delays(fields["sleepMsBeforeRun"], of: id)
        guard let iteration else { return nil }
        /// Checks one property alone, so that a bad one does not hide another.
        func check(_ node: Node?, maxAttempts: Int = 1, delaysMs: [Double] = []) {
            let task = TaskDefinition(id: TaskID(iteration.name), options: TaskDefinition.chainOptions)
            let plan = LoopPlan(iteration: task, maxAttempts: maxAttempts, delaysMs: delaysMs)
            self.check(node) { () throws(InvalidTask) in try plan.validate(for: id) }
        }
        // That it is its own iteration is found where circles are.
        guard iteration.name != id.rawValue else { return .loop(iteration: iteration, maxAttempts: 1, delaysMs: []) }
        if let maxAttempts { check(fields["maxAttempts"], maxAttempts: maxAttempts) }
        for delay in delays { check(delay.node, delaysMs: [delay.milliseconds]) }
        check(fields["sleepMsBeforeRun"], delaysMs: delays.map { _ in 0 })
        guard let maxAttempts else { return nil }
        return .loop(iteration: iteration, maxAttempts: maxAttempts, delaysMs: delays.map(\.milliseconds))
    }

    /// A delay for all iterations, or one for each of the first.
    private mutating func delays(_ node: Node?, of id: TaskID) -> [(node: Node, milliseconds: Double)] {
        guard let node else { return [] }
        let nodes: [Node] = if case .sequence(let elements) = node { Array(elements) } else { [node] }
        return nodes.compactMap { element in
            decimal(element, "Task \(id): sleepMsBeforeRun").map { (element, $0) }
        }
    }

    /// The name of another task, which must be known.
    private mutating func reference(_ node: Node, _ name: String, _ known: Known) -> TaskDeclaration.Reference? {
        guard let text = text(of: node, name) else { return nil }
        guard known.tasks.contains(text.value) else {
            let suggestion = Suggestion.text(for: text.value, among: known.tasks)
            report(text.mark, "\(name): there is no task \(text.quotation)\(suggestion)")
            return nil
        }
        return TaskDeclaration.Reference(name: text.value, mark: text.mark)
    }
}
