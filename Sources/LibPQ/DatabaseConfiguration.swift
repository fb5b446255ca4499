/// How to reach a database and how much to ask of it.
package struct DatabaseConfiguration: Sendable {
    /// A URL (`postgresql://…`) or libpq's `key=value` form; `nil` leaves everything to libpq's environment variables.
    ///
    /// Whatever it says goes before the defaults here, and so do the environment and the service file.
    package var url: String?
    /// The most connections that a pool opens.
    package var poolSize: Int
    /// The most callers that may wait for a connection; the next one gets `.overloaded` at once.
    package var maxWaiting: Int
    /// How long opening one connection may take, in whole seconds, where neither the URL nor the environment says.
    package var connectTimeout: Duration
    /// PostgreSQL's `statement_timeout`, set on every connection; `nil` leaves the server's own.
    package var statementTimeout: Duration?
    /// How long a call waits for a connection.
    package var acquireTimeout: Duration
    /// How long a cancelled statement may go on before its connection is cut.
    package var cancelGrace: Duration
    /// How long closing a pool waits for connections that nobody needs any more and that are only being opened.
    package var closeGrace: Duration
    /// Shown in `pg_stat_activity`, where neither the URL nor the environment says.
    package var applicationName: String
    /// Whether a pooler in transaction mode (pgbouncer) stands between: nothing is kept in the session then, neither
    /// prepared statements nor settings.
    package var isPooled: Bool
    /// Further run-time parameters, set on every connection unless it is pooled.
    package var settings: [String: String]

    package init(
        url: String? = nil,
        poolSize: Int = 8,
        maxWaiting: Int = 1024,
        connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration? = nil,
        acquireTimeout: Duration = .seconds(2),
        cancelGrace: Duration = .seconds(1),
        closeGrace: Duration = .seconds(1),
        applicationName: String = "durable",
        isPooled: Bool = false,
        settings: [String: String] = [:]
    ) {
        self.url = url
        self.poolSize = poolSize
        self.maxWaiting = maxWaiting
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
        self.acquireTimeout = acquireTimeout
        self.cancelGrace = cancelGrace
        self.closeGrace = closeGrace
        self.applicationName = applicationName
        self.isPooled = isPooled
        self.settings = settings
    }

    /// Checks that libpq can read the URL, without connecting; the error never quotes it, since it may hold a password.
    package func validate() throws(DatabaseError) {
        _ = try ConnectionParameters(self)
    }
}

extension Duration {
    /// Whole milliseconds, at least 1: PostgreSQL takes 0 for "never".
    var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow
            ? Int64(Int32.max) : min(Int64(Int32.max), max(1, milliseconds + attoseconds / 1_000_000_000_000_000))
    }
}
