/// Where executions are stored.
public struct DatabaseSettings: Sendable {
    /// A `postgresql://` URL or libpq's `key=value` form; `nil` leaves it to libpq's own variables (`PGHOST` …).
    public var url: String?
    /// The SQL schema that our tables are in.
    public var schema: String
    /// Whether a pooler in transaction mode (pgbouncer) stands between.
    public var isPooled: Bool
    /// Where the pooler is passed by, for what needs a session of its own.
    ///
    /// Without it, a pooled process cannot `LISTEN` and finds work by polling only.
    public var directURL: String?

    /// Settings as given, or a database of libpq's choosing and the schema `durable`.
    public init(url: String? = nil, schema: String = "durable", isPooled: Bool = false, directURL: String? = nil) {
        self.url = url
        self.schema = schema
        self.isPooled = isPooled
        self.directURL = directURL
    }
}

extension DatabaseSettings: CustomStringConvertible {
    /// Without the URL, which may hold a password.
    public var description: String { "database with schema \(schema)" }
}
