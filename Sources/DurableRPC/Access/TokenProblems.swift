/// Everything that is wrong with the tokens as they were given, each with its place and what to do about it.
package struct TokenProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence each; none shows a token or its hash.
    package let problems: [String]

    package var description: String { problems.joined(separator: "\n") }
}
