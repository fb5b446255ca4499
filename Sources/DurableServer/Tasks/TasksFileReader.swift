import DurableCore
import Yams

/// Turns the YAML of a tasks file into tasks and endpoints and collects everything that is wrong with it.
struct TasksFileReader {
    let purpose: TasksFile.Purpose
    private let document: YAMLDocument
    private let substitution: Substitution
    private let others: [TaskDefinition]
    private(set) var problems: [YAMLDocument.Problem]

    init(
        document: YAMLDocument,
        purpose: TasksFile.Purpose,
        environment: [String: String],
        others: [TaskDefinition]
    ) {
        self.document = document
        self.purpose = purpose
        self.substitution = Substitution(environment: environment)
        self.others = others
        problems = document.problems
    }

    mutating func read() -> TasksFile {
        var file = TasksFile()
        guard let root = document.root, !root.isNothing else { return file }
        let sections = members(of: root, "A tasks file", known: ["endpoints", "tasks"])
        let endpoints = members(of: sections["endpoints"], "\"endpoints\"")
        for member in endpoints.all {
            let endpoint = endpoint(member)
            if purpose == .invocation { file.endpoints[member.key] = endpoint }
        }
        let tasks = members(of: sections["tasks"], "\"tasks\"").all
        let known = Known(
            endpoints: endpoints.all.map(\.key),
            tasks: Set(tasks.map(\.key) + others.map(\.id.rawValue))
        )
        let declarations = tasks.compactMap { task($0, known) }
        file.tasks = entries(declarations)
        return file
    }

    /// The tasks with what they are made of.
    private mutating func entries(_ declarations: [TaskDeclaration]) -> [TasksFile.Entry] {
        var assembly = TaskAssembly(declarations, others: others)
        let entries = declarations.compactMap { declaration in
            assembly.definition(of: declaration).map {
                TasksFile.Entry(definition: $0, procedure: declaration.procedure)
            }
        }
        for problem in assembly.problems { report(problem.mark, problem.message) }
        return entries
    }

    mutating func report(_ mark: Mark?, _ message: String) {
        problems.append(.init(line: mark?.line ?? 1, column: mark?.column ?? 1, message: message))
    }

    /// The names that a task may refer to.
    struct Known {
        let endpoints: [String]
        let tasks: Set<String>
    }

    // MARK: Mappings

    /// One `key: value` of a mapping.
    struct Member {
        let key: String
        let mark: Mark?
        let node: Node
    }

    struct Members {
        fileprivate(set) var all: [Member] = []

        /// The value under a key; `nil` when it is not there or nothing.
        subscript(_ key: String) -> Node? {
            all.first { $0.key == key && !$0.node.isNothing }?.node
        }
    }

    /// The members of a mapping; none, and a problem, when it is something else.
    ///
    /// - Parameter known: The keys that it may have; `nil` for any.
    mutating func members(of node: Node?, _ name: String, known: [String]? = nil) -> Members {
        guard let node, !node.isNothing else { return Members() }
        guard case .mapping(let mapping) = node else {
            report(node.mark, "\(name) must be a mapping of keys to values")
            return Members()
        }
        var members = Members()
        for (keyNode, value) in mapping {
            guard case .scalar(let scalar) = keyNode else {
                report(keyNode.mark, "\(name): a key must be a text")
                continue
            }
            let key = scalar.string
            if document.isDuplicate(key) { continue }
            if let known, !known.contains(key) {
                let names = known.joined(separator: ", ")
                report(
                    scalar.mark,
                    "\(name) has no key \"\(key)\"\(Suggestion.text(for: key, among: known)); known are \(names)"
                )
                continue
            }
            members.all.append(Member(key: key, mark: scalar.mark, node: value))
        }
        return members
    }

    // MARK: Scalars

    /// A scalar with its variables in place.
    struct Text {
        let value: String
        let mark: Mark?
        /// What to quote in a message: the text of the file, never a variable's value.
        let quotation: String
        /// Whether the text may be read as something else than a text.
        let isPlain: Bool
    }

    /// A scalar's text; `nil`, and a problem, when it is no scalar or a variable is missing.
    mutating func text(of node: Node, _ name: String) -> Text? {
        guard case .scalar(let scalar) = node, !node.isNothing else {
            report(node.mark, "\(name) must be a text")
            return nil
        }
        let (value, failures) = substitution.apply(to: scalar.string)
        for failure in failures { report(scalar.mark, "\(name): \(failure.message)") }
        guard failures.isEmpty else { return nil }
        let isSubstituted = Substitution.isNeeded(in: scalar.string)
        return Text(
            value: value,
            mark: scalar.mark,
            quotation: "\"\(scalar.string)\"",
            isPlain: scalar.style == .plain || isSubstituted
        )
    }

    /// An integer; `nil` when it is absent or no integer, the latter being a problem.
    mutating func integer(_ node: Node?, _ name: String) -> Int? {
        number(node, name, "an integer") { text in
            Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
        }
    }

    /// A finite number; `nil` when it is absent or no number, the latter being a problem.
    mutating func decimal(_ node: Node?, _ name: String) -> Double? {
        number(node, name, "a number") { text in
            Double(text).flatMap { $0.isFinite ? $0 : nil }
        }
    }

    /// `true` or `false`; `nil` when it is absent or something else, the latter being a problem.
    mutating func flag(_ node: Node?, _ name: String) -> Bool? {
        guard let node else { return nil }
        guard let text = text(of: node, name) else { return nil }
        switch text.value.lowercased() {
        case "true" where text.isPlain: return true
        case "false" where text.isPlain: return false
        default:
            report(text.mark, "\(name) must be true or false, got \(text.quotation)")
            return nil
        }
    }

    private mutating func number<Value>(
        _ node: Node?,
        _ name: String,
        _ kind: String,
        _ parse: (String) -> Value?
    ) -> Value? {
        guard let node else { return nil }
        guard case .scalar = node else {
            report(node.mark, "\(name) must be \(kind)")
            return nil
        }
        guard let text = text(of: node, name) else { return nil }
        guard text.isPlain, let value = parse(text.value) else {
            report(text.mark, "\(name) must be \(kind), got \(text.quotation)")
            return nil
        }
        return value
    }
}

extension Node {
    /// Whether this is YAML's null: nothing at all, `~` or `null`.
    var isNothing: Bool {
        guard case .scalar(let scalar) = self, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }
}
