/// What the server said about an error, for logs and debuggers; it may quote SQL and values.
package struct ServerReport: Sendable, Hashable {
    package var severity: String?
    package var message: String
    package var detail: String?
    package var hint: String?
    package var context: String?
    /// The statement, and where in it the error lies, in characters from 1.
    package var statement: String?
    package var position: String?
    var isStalePlan = false

    init(message: String = "", statement: String? = nil) {
        self.message = message
        self.statement = statement
    }

    var lines: [String] {
        [
            message.isEmpty ? nil : message,
            detail.map { "detail: \($0)" },
            hint.map { "hint: \($0)" },
            context.map { "context: \($0)" },
            statement.map { "statement\(position.map { " (at \($0))" } ?? ""): \($0)" },
        ].compactMap(\.self)
    }
}
