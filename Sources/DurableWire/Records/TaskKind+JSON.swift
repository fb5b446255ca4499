package import DurableCore

/// How tasks are made of tasks, as storages keep it: `null` for a single task, else an object with one member that names
/// the kind.
///
/// ```json
/// {"parent": {"finalize": {"id": "sum", "options": {…}, "kind": …}, "onChildFailure": "fail"}}
/// {"sequence": [{"id": "a", …}, {"id": "b", …}]}
/// {"loop": {"iteration": {"id": "poll", …}, "maxAttempts": 20, "delaysMs": [100]}}
/// {"sleeping": true}
/// ```
extension TaskKind {
    package var json: JSON {
        switch self {
        case .single:
            return .null
        case .parent(let finalize, let policy):
            var members: [JSON.Member] = []
            if let finalize { members.append(JSON.Member("finalize", finalize.json)) }
            members.append(JSON.Member("onChildFailure", .string(policy.rawValue)))
            return .object([JSON.Member("parent", .object(members))])
        case .sequence(let tasks):
            return .object([JSON.Member("sequence", .array(tasks.map(\.json)))])
        case .loop(let loop):
            let members = [
                JSON.Member("iteration", loop.iteration.json),
                JSON.Member("maxAttempts", .number(loop.maxAttempts)),
                JSON.Member("delaysMs", .array(loop.delaysMs.map { JSON.number($0) })),
            ]
            return .object([JSON.Member("loop", .object(members))])
        case .sleeping:
            return .object([JSON.Member("sleeping", .bool(true))])
        }
    }

    /// Reads what ``json`` writes; `nil` for anything else.
    package init?(_ json: JSON) {
        if json.isNull {
            self = .single
        } else if let parent = json["parent"] {
            guard let policy = parent["onChildFailure"]?.string.flatMap(ChildFailurePolicy.init(rawValue:)) else {
                return nil
            }
            guard let finalizeJSON = parent["finalize"] else {
                self = .parent(finalize: nil, onChildFailure: policy)
                return
            }
            guard let finalize = TaskDefinition(finalizeJSON) else { return nil }
            self = .parent(finalize: finalize, onChildFailure: policy)
        } else if let members = json["sequence"]?.array {
            let tasks = members.compactMap(TaskDefinition.init)
            guard tasks.count == members.count else { return nil }
            self = .sequence(tasks)
        } else if let loop = json["loop"] {
            guard let iteration = loop["iteration"].flatMap(TaskDefinition.init),
                let maxAttempts = loop["maxAttempts"]?.integer, let delays = loop["delaysMs"]?.array
            else { return nil }
            self = .loop(
                LoopPlan(iteration: iteration, maxAttempts: maxAttempts, delaysMs: delays.compactMap(\.double))
            )
        } else if json["sleeping"]?.bool == true {
            self = .sleeping
        } else {
            return nil
        }
    }
}

extension TaskDefinition {
    fileprivate var json: JSON {
        var members = [
            JSON.Member("id", .string(id.rawValue)),
            JSON.Member(
                "options",
                .object([
                    JSON.Member("timeoutMs", .number(options.timeoutMs)),
                    JSON.Member("sleepMsBeforeRun", .number(options.sleepMsBeforeRun)),
                    JSON.Member("retryOptions", options.retryOptions.json),
                ])
            ),
        ]
        if kind != .single { members.append(JSON.Member("kind", kind.json)) }
        return .object(members)
    }

    fileprivate init?(_ json: JSON) {
        guard let id = json["id"]?.string, let options = json["options"],
            let timeoutMs = options["timeoutMs"]?.integer, let sleepMs = options["sleepMsBeforeRun"]?.double,
            let retryOptions = options["retryOptions"].flatMap({ try? RetryOptions($0, for: TaskID(id)) }),
            let kind = TaskKind(json["kind"] ?? .null)
        else { return nil }
        self.init(
            id: TaskID(id),
            options: TaskOptions(timeoutMs: timeoutMs, retryOptions: retryOptions, sleepMsBeforeRun: sleepMs),
            kind: kind
        )
    }
}
