import CLibPQ
import Logging

/// One connection to PostgreSQL.
///
/// Its calls block, so it lives on a thread of its own and is only lent out (``ConnectionPool``).
package struct Connection: ~Copyable {
    private static let preparedStatements = 256

    let raw: OpaquePointer
    let control: ConnectionControl
    private let notices: NoticeLog
    let keepsStatements: Bool
    private var statements: StatementCache
    private var isBroken = false
    /// Whether the server has refused to write.
    private(set) var isReadOnly = false
    private var savepoints = 0
    /// What was sent along with others and whose answer has not been read.
    var follower: Follower?

    /// Opens a connection and blocks until it stands.
    static func open(_ configuration: DatabaseConfiguration, logger: Logger) throws(DatabaseError) -> Connection {
        guard let raw = try ConnectionParameters(configuration).connect() else { throw .connect("out of memory") }
        guard PQstatus(raw) == CONNECTION_OK else {
            defer { PQfinish(raw) }
            throw .connect(trimmed(PQerrorMessage(raw)))
        }
        var connection = Connection(owning: raw, keepsStatements: !configuration.isPooled, logger: logger)
        if !configuration.isPooled {
            try connection.apply(configuration)
        }
        return connection
    }

    private init(owning raw: OpaquePointer, keepsStatements: Bool, logger: Logger) {
        self.raw = raw
        self.keepsStatements = keepsStatements
        let owner = "s" + String(UInt32(bitPattern: PQbackendPID(raw)), radix: 16)
        statements = StatementCache(capacity: Self.preparedStatements, owner: owner)
        control = ConnectionControl(raw)
        notices = NoticeLog(logger)
        notices.attach(to: raw)
    }

    deinit {
        control.forgetSocket()
        PQfinish(raw)
    }

    private mutating func apply(_ configuration: DatabaseConfiguration) throws(DatabaseError) {
        var settings = configuration.settings
        if let timeout = configuration.statementTimeout {
            settings["statement_timeout"] = String(timeout.wholeMilliseconds)
        }
        guard !settings.isEmpty else { return }
        let sorted = settings.sorted { $0.key < $1.key }
        _ = try query(
            "select set_config(name, value, false) from unnest(\(sorted.map(\.key)), \(sorted.map(\.value))) as s(name, value)"
        )
    }

    /// Runs one statement and returns its rows.
    ///
    /// The text is prepared at its first use; behind a pooler it is sent unnamed each time.
    @discardableResult
    package mutating func query(_ statement: SQL) throws(DatabaseError) -> Rows {
        try repeatingStale(statement) { (connection: inout Connection) throws(DatabaseError) in
            try connection.send(statement)
        }
    }

    /// Sends, and once more if the server turns out to have lost a prepared statement, or to have outdated it.
    ///
    /// - Parameter statement: What is blamed when the caller was interrupted before anything was sent.
    mutating func repeatingStale<Answer>(
        _ statement: SQL,
        _ send: (inout Connection) throws(DatabaseError) -> Answer
    ) throws(DatabaseError) -> Answer {
        if let interruption = control.interruption {
            throw interruption.error(outcomeUnknown: false, report: ServerReport(statement: statement.text))
        }
        awaitFollower()
        do throws(DatabaseError) {
            return try send(&self)
        } catch {
            // A plan that the server dropped, or that a migration outdated, is made anew. Inside a transaction the error
            // has spoilt the transaction, and only the caller can begin again.
            guard keepsStatements, error.isStaleStatement, let stale = error.report.statement else { throw error }
            awaitFollower()
            guard forget(stale), transactionStatus == .none else { throw error }
            if error.sqlState == .unknownPreparedStatement, try !hasOwnSession() {
                throw DatabaseError(.sharedSession, sqlState: error.sqlState, report: error.report)
            }
            return try send(&self)
        }
    }

    /// Runs a script: one or more statements without parameters, in one round trip and, unless it says otherwise, in one
    /// transaction.
    ///
    /// Never prepared, so right for migrations.
    package mutating func execute(script: String) throws(DatabaseError) {
        if let interruption = control.interruption {
            throw interruption.error(outcomeUnknown: false, report: ServerReport(statement: script))
        }
        guard !script.utf8.contains(0) else {
            throw DatabaseError(.server, sqlState: .syntaxError, report: ServerReport(message: "NUL in a script"))
        }
        awaitFollower()
        _ = try checked(PQexec(raw, script), text: script, mayCommit: true)
    }

    // MARK: For the owner

    /// Whether the server has said that it ends the connection.
    var hasFarewell: Bool { notices.sawFatal }

    /// Whether the connection can serve another caller: alive, and in no transaction.
    var isReusable: Bool {
        !isBroken && !hasFarewell && PQstatus(raw) == CONNECTION_OK && transactionStatus == .none
    }

    /// Whether the server still holds the other end, as far as can be known without asking it.
    ///
    /// Reading alone would not tell: it finds the server's farewell, not the end of the stream behind it.
    func isAlive() -> Bool {
        let events = clibpq_poll(PQsocket(raw), 0)
        guard events != 0 else { return true }
        guard clibpq_is_closed(events) == 0, PQconsumeInput(raw) == 1 else { return false }
        while let notification = PQnotifies(raw) { PQfreemem(notification) }
        return !hasFarewell && clibpq_is_closed(clibpq_poll(PQsocket(raw), 0)) == 0
    }

    /// After a cancel request: makes sure that it hits no statement of the next caller.
    ///
    /// Returns `false` when the connection must be dropped instead.
    func settleCancels(atMost limit: Duration) -> Bool {
        guard control.waitForCancels(atMost: limit) else { return false }
        // A request that arrives late hits this empty statement.
        PQclear(PQexec(raw, ""))
        return isReusable
    }

    // MARK: Sending

    enum TransactionStatus {
        case none
        case open
        case failed
        case unknown
    }

    var transactionStatus: TransactionStatus {
        switch PQtransactionStatus(raw) {
        case PQTRANS_IDLE: .none
        case PQTRANS_INTRANS: .open
        case PQTRANS_INERROR: .failed
        default: .unknown
        }
    }

    mutating func nextSavepoint() -> String {
        savepoints += 1
        return "s\(savepoints)"
    }

    /// Runs a command of a transaction scope; not refused to a caller that was interrupted, since it must clean up.
    mutating func command(_ text: String, mayCommit: Bool = false) throws(DatabaseError) -> Rows {
        awaitFollower()
        return try checked(PQexec(raw, text), text: text, mayCommit: mayCommit)
    }

    /// Declares the connection unfit for another caller.
    mutating func abandon() { isBroken = true }

    private mutating func send(_ statement: SQL) throws(DatabaseError) -> Rows {
        let name = keepsStatements ? try prepare(statement) : nil
        let mayCommit = transactionStatus == .none
        let result = try statement.withParameters { values, lengths, formats, types in
            let count = Int32(truncatingIfNeeded: statement.parameters.count)
            let binary: Int32 = 1
            return if let name {
                PQexecPrepared(raw, name, count, values, lengths, formats, binary)
            } else {
                PQexecParams(raw, statement.text, count, types, values, lengths, formats, binary)
            }
        }
        return try checked(result, text: statement.text, mayCommit: mayCommit)
    }

    mutating func prepare(_ statement: SQL) throws(DatabaseError) -> String {
        if let name = statements.name(for: statement.template) { return name }
        let name = statements.freshName()
        let types = statement.parameters.slots.map(\.type.rawValue)
        let count = Int32(truncatingIfNeeded: types.count)
        let text = statement.text
        _ = try checked(PQprepare(raw, name, text, count, types), text: text, mayCommit: false)
        if let surplus = statements.insert(statement.template, name: name) {
            _ = try command("deallocate \(surplus)")
        }
        return name
    }

    /// Drops a prepared statement; `false` when there was none.
    @discardableResult
    mutating func forget(_ text: String) -> Bool {
        guard let name = statements.remove(text) else { return false }
        // In a spoilt transaction this fails, and the server keeps a statement that nobody names any more.
        PQclear(PQexec(raw, "deallocate \(name)"))
        return true
    }

    /// Whether the server process that answers is the one that the connection was opened with; not so behind a pooler.
    private mutating func hasOwnSession() throws(DatabaseError) -> Bool {
        let statement: SQL = "select pg_backend_pid()"
        let result = PQexecParams(raw, statement.text, 0, nil, nil, nil, nil, 1)
        return try checked(result, text: statement.text, mayCommit: false).only().int(0) == Int(PQbackendPID(raw))
    }

    mutating func checked(
        _ result: OpaquePointer?,
        text: @autoclosure () -> String,
        mayCommit: Bool
    ) throws(DatabaseError) -> Rows {
        switch PQresultStatus(result) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            if let result { return Rows(owning: result) }
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            isBroken = true
        default:
            break
        }
        defer { PQclear(result) }
        throw failure(result, text: text(), mayCommit: mayCommit)
    }

    mutating func failure(_ result: OpaquePointer?, text: String, mayCommit: Bool) -> DatabaseError {
        var report = ServerReport(result, statement: text)
        if report.message.isEmpty { report.message = trimmed(PQerrorMessage(raw)) }
        let state = ServerReport.field(CLIBPQ_SQLSTATE, of: result).map(SQLState.init(rawValue:))
        let isGone = PQstatus(raw) != CONNECTION_OK || report.severity == "FATAL" || report.severity == "PANIC"
        if isGone || state?.endsConnection == true { isBroken = true }
        if state == .readOnlyTransaction { isReadOnly = true }
        let outcomeUnknown = isGone && mayCommit
        if let interruption = control.interruption, isGone || state == .queryCancelled {
            return interruption.error(outcomeUnknown: outcomeUnknown, report: report)
        }
        return DatabaseError(
            isBroken ? .connectionLost : .server,
            sqlState: state,
            constraintName: ServerReport.field(CLIBPQ_CONSTRAINT, of: result),
            outcomeUnknown: outcomeUnknown,
            isTransient: report.isStalePlan ? true : nil,
            report: report
        )
    }
}

extension DatabaseError {
    /// Whether the server no longer has the statement, or has one whose columns have changed since.
    var isStaleStatement: Bool {
        kind == .server && (sqlState == .unknownPreparedStatement || report.isStalePlan)
    }
}
