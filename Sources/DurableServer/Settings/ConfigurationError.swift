/// Everything that is wrong with a configuration, found before anything was started.
public struct ConfigurationError: Error, Sendable, Hashable {
    /// The problems, in the order in which they were found; never empty.
    public let problems: [ConfigurationProblem]

    package init(_ problems: [ConfigurationProblem]) { self.problems = problems }
}

extension ConfigurationError: CustomStringConvertible {
    /// One line for each problem.
    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

/// One thing that is wrong with a configuration.
///
/// Never contains a secret.
public struct ConfigurationProblem: Sendable, Hashable {
    /// Where it is: a flag, an environment variable, or `file:line:column`; `nil` when the message says so itself.
    public let place: String?
    /// What is wrong and what to do about it.
    public let message: String

    package init(at place: String? = nil, _ message: String) {
        self.place = place
        self.message = message
    }
}

extension ConfigurationProblem: CustomStringConvertible {
    /// The place, a colon, and the message.
    public var description: String { place.map { "\($0): \(message)" } ?? message }
}
