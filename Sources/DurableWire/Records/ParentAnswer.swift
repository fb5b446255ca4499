package import DurableCore

/// What the procedure of a parent answers: `{output, children: [{taskId, input?, options?}]}`.
///
/// `children` may be left out or be `null`; the parent then has none. Members of other names are refused: a misspelt
/// `children` or `options` would be lost without a word.
package struct ParentAnswer: Sendable, Hashable {
    package var output: Payload
    package var children: [ChildRequest]

    /// Reads the answer of a procedure.
    ///
    /// - Throws: A failure that no retry mends: what was expected and what came, or which child is refused and why.
    package init(_ value: WireValue) throws(ExecutionError) {
        guard let members = value.members else { throw Self.unexpected("got \(value.summary)") }
        if let stranger = members.firstName(notAmong: ["output", "children"]) {
            throw Self.unexpected("got an object with \"\(stranger)\"")
        }
        output = members["output"].payload
        children = []
        guard let elements = members["children"].elements else {
            guard members["children"].isNothing else {
                throw Self.unexpected("got children that are \(members["children"].summary)")
            }
            return
        }
        children.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            children.append(try ChildRequest(element, index: index))
        }
    }

    private static func unexpected(_ found: String) -> ExecutionError {
        .nonRetryable(
            "The procedure of a parent must answer {output, children: [{taskId, input?, options?}]}, \(found)"
        )
    }
}

extension ChildRequest {
    /// Reads `{taskId, input?, options?}`.
    fileprivate init(_ value: WireValue, index: Int) throws(ExecutionError) {
        func refused(_ reason: String) -> ExecutionError {
            .nonRetryable("Child task refused [index=\(index)]: \(reason)")
        }
        guard let members = value.members else {
            throw refused("expected {taskId, input?, options?}, got \(value.summary)")
        }
        if let stranger = members.firstName(notAmong: ["taskId", "input", "options"]) {
            throw refused("expected {taskId, input?, options?}, got an object with \"\(stranger)\"")
        }
        let name = members["taskId"]
        guard name.type == nil, let text = name.plain?.string else {
            throw refused("taskId must be a text, got \(name.summary)")
        }
        let task = TaskID(text)
        do throws(InvalidTask) {
            try task.validate()
        } catch {
            throw refused(error.message)
        }
        do throws(InvalidTask) {
            let options = try EnqueueOptions(members["options"].plain, for: task)
            self.init(taskID: task, input: members["input"].payload, options: options)
        } catch {
            throw .childRefused(task, index: index, error.message)
        }
    }
}

extension WireMembers {
    /// The first member that has none of these names, as far as a message needs it.
    fileprivate func firstName(notAmong names: Set<String>) -> String? {
        self.names.lazy.map { String(decoding: $0, as: UTF8.self) }.first { !names.contains($0) }
            .map { name in
                String(String.UnicodeScalarView(name.unicodeScalars.prefix(50).map { $0 == "\0" ? " " : $0 }))
            }
    }
}

extension WireValue {
    /// Whether it is `undefined` or `null`.
    fileprivate var isNothing: Bool { plain == nil || plain == .null }

    /// The value in memory; `nil` when it is `undefined`, or too deep for anything that is read here.
    fileprivate var plain: JSON? { try? json() }

    /// What it is, for a message: nothing of its content.
    fileprivate var summary: String {
        if isUndefined { return "nothing" }
        guard type == nil else { return "a value of a special type" }
        if members != nil { return "an object" }
        if elements != nil { return "an array" }
        return switch plain {
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a text"
        case .null, .array, .object, nil: "null"
        }
    }
}
