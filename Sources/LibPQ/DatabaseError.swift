/// Why the database did not do what it was asked.
///
/// `description` may be shown to anybody: it holds neither SQL nor values. What the server said, which may quote both,
/// is in `debugDescription`.
package struct DatabaseError: Error, Sendable {
    package enum Kind: Sendable, Hashable {
        /// The server refused the statement; `sqlState` says why.
        case server
        /// The connection broke under the statement. It is replaced by itself.
        case connectionLost
        /// No connection could be opened.
        case connect
        case timeout(Timeout)
        /// The calling task was cancelled.
        case cancelled
        /// A value could not be sent: a statement's parameters together exceed 2 GiB.
        case encoding
        /// A column does not hold what was read from it.
        case decoding
        /// A pooler in transaction mode stands between, and ``DatabaseConfiguration/isPooled`` does not say so.
        case sharedSession
        /// The pool is shutting down.
        case closed
        /// Too many callers wait for a connection already.
        case overloaded
    }

    package enum Timeout: Sendable, Hashable {
        /// No connection came free in time; nothing was sent.
        case acquire
        /// The caller's deadline passed while its statements ran.
        case deadline
    }

    package var kind: Kind
    package var sqlState: SQLState?
    package var constraintName: String?
    /// Whether the statement may have taken effect although this error was thrown.
    ///
    /// True when a connection ended under a statement outside a transaction, or under a `commit`. Do it again only if
    /// doing it twice is the same as doing it once.
    package var outcomeUnknown: Bool
    /// Whether trying again may help.
    package var isTransient: Bool
    /// What the server or libpq said; may quote SQL and values.
    package var report: ServerReport

    init(
        _ kind: Kind,
        sqlState: SQLState? = nil,
        constraintName: String? = nil,
        outcomeUnknown: Bool = false,
        isTransient: Bool? = nil,
        report: ServerReport = ServerReport()
    ) {
        self.kind = kind
        self.sqlState = sqlState
        self.constraintName = constraintName
        self.outcomeUnknown = outcomeUnknown
        self.report = report
        self.isTransient = isTransient ?? Self.isTransient(kind, sqlState)
    }

    private static func isTransient(_ kind: Kind, _ sqlState: SQLState?) -> Bool {
        switch kind {
        case .server: sqlState?.isTransient ?? false
        case .connectionLost, .connect, .timeout, .overloaded: true
        case .cancelled, .encoding, .decoding, .sharedSession, .closed: false
        }
    }

    static func connect(_ message: String, isTransient: Bool = true) -> DatabaseError {
        DatabaseError(.connect, isTransient: isTransient, report: ServerReport(message: message))
    }

    /// An error of reading a result; the message names columns and types, never values.
    package static func decoding(_ message: String) -> DatabaseError {
        DatabaseError(.decoding, report: ServerReport(message: message))
    }
}

extension DatabaseError: CustomStringConvertible {
    package var description: String {
        let text =
            switch kind {
            case .server: "PostgreSQL refused a statement"
            case .connectionLost: "the connection to PostgreSQL was lost"
            case .connect: "cannot connect to PostgreSQL: \(report.message)"
            case .timeout(.acquire): "no connection to PostgreSQL came free in time"
            case .timeout(.deadline): "PostgreSQL did not answer within the deadline"
            case .cancelled: "the statement was cancelled"
            case .encoding: "the parameters of a statement are too large"
            case .decoding: "unexpected data in a result: \(report.message)"
            case .sharedSession: "PostgreSQL is behind a pooler in transaction mode, which needs --pooled"
            case .closed: "the connection pool is closed"
            case .overloaded: "too many callers wait for a connection to PostgreSQL"
            }
        let codes = [sqlState.map { "SQLSTATE \($0)" }, constraintName.map { "constraint \($0)" }].compactMap(\.self)
        return text + (codes.isEmpty ? "" : " (" + codes.joined(separator: ", ") + ")")
            + (outcomeUnknown ? "; whether it took effect is unknown" : "")
    }
}

extension DatabaseError: CustomDebugStringConvertible {
    package var debugDescription: String {
        ([description] + report.lines).joined(separator: "\n  ")
    }
}
