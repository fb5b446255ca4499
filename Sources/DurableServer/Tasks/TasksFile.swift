package import DurableCore
package import DurableInvoker

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The tasks of web apps, as a tasks file declares them.
package struct TasksFile: Sendable {
    /// What a file is read for, which decides what must be there.
    package enum Purpose: Sendable {
        /// To know the tasks. Variables in endpoints are left alone: a front end does not need the web app's token.
        case definitions
        /// To call the procedures as well.
        case invocation
    }

    /// A task of the file.
    package struct Entry: Sendable, Hashable {
        package var definition: TaskDefinition
        /// What its attempts call; `nil` for sequences, loops and sleepers, which make none.
        package var procedure: ProcedureName?

        package init(definition: TaskDefinition, procedure: ProcedureName?) {
            self.definition = definition
            self.procedure = procedure
        }
    }

    /// Where a procedure is.
    package struct ProcedureName: Sendable, Hashable {
        /// The name of the endpoint.
        package var endpoint: String
        /// The procedure's path below the endpoint's URL: `users/create`.
        package var path: String

        package init(endpoint: String, path: String) {
            self.endpoint = endpoint
            self.path = path
        }
    }

    /// In the order of the file.
    package var tasks: [Entry] = []
    /// By name, with the variables in place: contains secrets.
    ///
    /// Empty when the file was read for its definitions only.
    package var endpoints: [String: Endpoint] = [:]

    package var definitions: [TaskDefinition] { tasks.map(\.definition) }

    /// Reads the text of a tasks file.
    ///
    /// - Parameters:
    ///   - name: What messages call the file.
    ///   - environment: What `${NAME}` is looked up in.
    ///   - others: Tasks beside those of the file that these may be made of.
    /// - Throws: Everything that is wrong with it, sorted by line.
    package init(
        reading text: String,
        named name: String,
        for purpose: Purpose,
        environment: [String: String],
        others: [TaskDefinition] = []
    ) throws(ConfigurationError) {
        var reader = TasksFileReader(
            document: YAMLDocument(parsing: text),
            purpose: purpose,
            environment: environment,
            others: others
        )
        self = reader.read()
        guard reader.problems.isEmpty else {
            throw ConfigurationError(
                reader.problems
                    .sorted { ($0.line, $0.column) < ($1.line, $1.column) }
                    .map { ConfigurationProblem(at: "\(name):\($0.line):\($0.column)", $0.message) }
            )
        }
    }

    /// Reads a tasks file.
    package init(
        at path: String,
        for purpose: Purpose,
        environment: [String: String],
        others: [TaskDefinition] = []
    ) throws(ConfigurationError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError([
                ConfigurationProblem(at: path, "the tasks file cannot be read; check the path and its permissions")
            ])
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw ConfigurationError([ConfigurationProblem(at: path, "the tasks file is not UTF-8")])
        }
        try self.init(reading: text, named: path, for: purpose, environment: environment, others: others)
    }

    /// No tasks at all.
    package init() {}
}
