import DurableCore
import DurableInvoker
import Yams

extension TasksFileReader {
    private static let retryKeys = ["maxAttempts", "baseDelayMs", "delayMultiplier", "maxDelayMs", "jitter"]

    /// A member of `tasks`: the task's id, and what it does and how.
    mutating func task(_ member: Member, _ known: Known) -> TaskDeclaration? {
        let before = problems.count
        let id = TaskID(member.key)
        do {
            try id.validate()
        } catch {
            report(member.mark, "\(error.message) (got \"\(id)\")")
        }
        guard case .mapping = member.node else {
            report(member.mark, "Task \(id) must be a mapping with at least \"procedure\" and \"timeoutMs\"")
            return nil
        }
        let fields = members(of: member.node, "Task \(id)", known: TaskForm.allKeys)
        let form = form(of: fields, of: id)
        let procedure =
            form == .procedure
            ? procedure(fields["procedure"], of: id, at: member.mark, endpoints: known.endpoints) : nil
        let kind = kind(form, fields, of: id, at: member.mark, known)
        let options = options(form, fields, of: id, at: member.mark)
        guard problems.count == before, let kind, let options else { return nil }
        return TaskDeclaration(id: id, mark: member.mark, options: options, kind: kind, procedure: procedure)
    }

    private mutating func procedure(
        _ node: Node?,
        of id: TaskID,
        at mark: Mark?,
        endpoints: [String]
    ) -> TasksFile.ProcedureName? {
        guard let node else {
            report(
                mark,
                "Task \(id) has no procedure; write \"procedure: ENDPOINT/PATH\", "
                    + "or make it sequential, looping or sleeping"
            )
            return nil
        }
        guard let text = text(of: node, "Task \(id): procedure") else { return nil }
        let parts = text.value.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, isPath(parts[1]) else {
            report(text.mark, "Task \(id): procedure must look like \"ENDPOINT/PATH\", got \(text.quotation)")
            return nil
        }
        let endpoint = String(parts[0])
        guard endpoints.contains(endpoint) else {
            report(
                text.mark,
                "Task \(id): there is no endpoint \"\(endpoint)\"\(Suggestion.text(for: endpoint, among: endpoints))"
            )
            return nil
        }
        return TasksFile.ProcedureName(endpoint: endpoint, path: String(parts[1]))
    }

    /// Whether a text can be the path of a procedure, whatever the endpoint.
    private func isPath(_ text: Substring) -> Bool {
        guard let anywhere = try? Endpoint(name: "", url: "http://localhost") else { return false }
        return (try? Procedure(endpoint: anywhere, path: String(text))) != nil
    }

    private mutating func options(
        _ form: TaskForm,
        _ fields: Members,
        of id: TaskID,
        at mark: Mark?
    ) -> TaskOptions? {
        switch form {
        case .looping:
            return TaskDefinition.chainOptions
        case .sequential:
            var options = TaskDefinition.chainOptions
            options.sleepMsBeforeRun = sleep(fields, of: id)
            return options
        case .sleeping:
            let meaning = "how many milliseconds it waits for being woken up"
            return timeout(fields, of: id, at: mark, meaning).map { TaskOptions(timeoutMs: $0) }
        case .procedure:
            let timeout = timeout(fields, of: id, at: mark, "how many milliseconds one attempt may take")
            let sleep = sleep(fields, of: id)
            let retryOptions = retryOptions(fields["retryOptions"], of: id)
            return timeout.map { TaskOptions(timeoutMs: $0, retryOptions: retryOptions, sleepMsBeforeRun: sleep) }
        }
    }

    private mutating func timeout(_ fields: Members, of id: TaskID, at mark: Mark?, _ meaning: String) -> Int? {
        guard let node = fields["timeoutMs"] else {
            report(mark, "Task \(id) has no timeoutMs: \(meaning)")
            return nil
        }
        guard let timeout = integer(node, "Task \(id): timeoutMs") else { return nil }
        check(node) { () throws(InvalidTask) in try TaskOptions(timeoutMs: timeout).validate(for: id) }
        return timeout
    }

    private mutating func sleep(_ fields: Members, of id: TaskID) -> Double {
        guard let sleep = decimal(fields["sleepMsBeforeRun"], "Task \(id): sleepMsBeforeRun") else { return 0 }
        check(fields["sleepMsBeforeRun"]) { () throws(InvalidTask) in
            try TaskOptions(timeoutMs: 1, sleepMsBeforeRun: sleep).validate(for: id)
        }
        return sleep
    }

    private mutating func retryOptions(_ node: Node?, of id: TaskID) -> RetryOptions {
        guard let node else { return .none }
        let before = problems.count
        let name = "Task \(id): retryOptions"
        let fields = members(of: node, name, known: Self.retryKeys)
        if case .mapping = node, fields["maxAttempts"] == nil {
            report(node.mark, "\(name) has no maxAttempts: how many retries there are after the first attempt")
        }
        var whole = RetryOptions.none
        /// Takes one option over and checks it alone, so that a bad one does not hide another.
        func take<Value>(_ value: Value?, _ key: String, _ option: WritableKeyPath<RetryOptions, Value>) {
            guard let value else { return }
            whole[keyPath: option] = value
            var alone = RetryOptions.none
            alone[keyPath: option] = value
            check(fields[key]) { () throws(InvalidTask) in try alone.validate(for: id) }
        }
        take(integer(fields["maxAttempts"], "\(name).maxAttempts"), "maxAttempts", \.maxAttempts)
        take(integer(fields["baseDelayMs"], "\(name).baseDelayMs"), "baseDelayMs", \.baseDelayMs)
        take(decimal(fields["delayMultiplier"], "\(name).delayMultiplier"), "delayMultiplier", \.delayMultiplier)
        take(integer(fields["maxDelayMs"], "\(name).maxDelayMs"), "maxDelayMs", \.maxDelayMs)
        take(decimal(fields["jitter"], "\(name).jitter"), "jitter", \.jitter)
        if problems.count == before {
            check(fields["maxDelayMs"]) { () throws(InvalidTask) in try whole.validate(for: id) }
        }
        return whole
    }

    mutating func check(_ node: Node?, _ validate: () throws(InvalidTask) -> Void) {
        do {
            try validate()
        } catch {
            report(node?.mark, error.message)
        }
    }
}
