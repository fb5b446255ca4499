import CLibPQ

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// The keywords and values that open a connection, in libpq's order of precedence: the last one wins.
///
/// The defaults stand before the URL and are left out where the environment or the service file has a say, so that they
/// hold only where the user said nothing.
struct ConnectionParameters: Sendable {
    private(set) var pairs: [(keyword: String, value: String)] = []

    init(_ configuration: DatabaseConfiguration) throws(DatabaseError) {
        let spoken = try configuration.url.map(Self.options(in:)) ?? [:]
        // A service file named by the URL is read only on connecting. Whoever writes one configures everything there.
        if spoken["service"] == nil {
            let environment = Self.environmentOptions()
            for (keyword, value) in Self.defaults(configuration) where environment[keyword] == nil {
                pairs.append((keyword, value))
            }
        }
        if let url = configuration.url {
            pairs.append(("dbname", url))
        }
        pairs.append(("fallback_application_name", configuration.applicationName))
        // Strings are read and written as UTF-8 whatever PGCLIENTENCODING says.
        pairs.append(("client_encoding", "UTF8"))
    }

    /// A peer that vanished is noticed after about 25 s of silence, or 15 s of unacknowledged data.
    ///
    /// A standby is of no use: of several hosts the one that takes writes is chosen. Not through a pooler, which tells new
    /// clients what its server was when it first connected to it, long ago.
    private static func defaults(_ configuration: DatabaseConfiguration) -> [(String, String)] {
        [
            ("target_session_attrs", configuration.isPooled ? "any" : "read-write"),
            ("connect_timeout", String(max(2, configuration.connectTimeout.wholeMilliseconds / 1000))),
            ("keepalives", "1"),
            ("keepalives_idle", "10"),
            ("keepalives_interval", "5"),
            ("keepalives_count", "3"),
            ("tcp_user_timeout", "15000"),
        ]
    }

    /// What a URL or `key=value` text says.
    ///
    /// libpq's complaint about one that it cannot read may quote the password, so it is not passed on.
    private static func options(in url: String) throws(DatabaseError) -> [String: String] {
        guard let parsed = PQconninfoParse(url, nil) else {
            throw .connect(
                "the database URL cannot be read; it should look like postgresql://user@host:5432/database, with "
                    + "special characters in user and password percent-encoded",
                isTransient: false
            )
        }
        defer { PQconninfoFree(parsed) }
        let options = collect(parsed)
        // A password with an unencoded '@' or '/' spills into host and port, which libpq's errors quote.
        let hostIsPlausible = options["host"]?.dropFirst().contains("@") != true
        let portIsPlausible = options["port"]?.utf8.allSatisfy { (48...57).contains($0) || $0 == 44 } != false
        guard hostIsPlausible, portIsPlausible else {
            throw .connect(
                "the database URL has no valid host and port; special characters in user and password must be "
                    + "percent-encoded",
                isTransient: false
            )
        }
        return options
    }

    /// What libpq's environment variables and its service file say.
    private static func environmentOptions() -> [String: String] {
        guard let defaults = PQconndefaults() else { return [:] }
        defer { PQconninfoFree(defaults) }
        return collect(defaults) { option, value in
            guard let compiled = option.compiled, String(cString: compiled) == value else { return true }
            // What libpq would do anyway, unless somebody has said just that.
            return option.envvar.map { getenv($0) != nil } ?? false
        }
    }

    private static func collect(
        _ options: UnsafeMutablePointer<PQconninfoOption>,
        where isWanted: (_ option: PQconninfoOption, _ value: String) -> Bool = { _, _ in true }
    ) -> [String: String] {
        var result: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val.map({ String(cString: $0) }), !value.isEmpty,
                isWanted(option.pointee, value)
            {
                result[String(cString: keyword)] = value
            }
            option = option.successor()
        }
        return result
    }

    /// Opens a connection and blocks until it stands or has failed; `nil` when memory is short.
    func connect() -> OpaquePointer? {
        var texts: [CChar] = []
        var offsets: [(keyword: Int, value: Int)] = []
        for (keyword, value) in pairs {
            offsets.append((texts.count, texts.count + keyword.utf8.count + 1))
            texts += keyword.utf8CString
            texts += value.utf8CString
        }
        return texts.withUnsafeBufferPointer { texts in
            let keywords = offsets.map { texts.baseAddress?.advanced(by: $0.keyword) } + [nil]
            let values = offsets.map { texts.baseAddress?.advanced(by: $0.value) } + [nil]
            let expandURL: Int32 = 1
            return PQconnectdbParams(keywords, values, expandURL)
        }
    }
}
