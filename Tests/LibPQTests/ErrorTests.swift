import LibPQ
import Logging
import Testing

@Suite("Errors", .timeLimit(.minutes(1)))
struct ErrorTests {
    @Test(
        "an error's description holds neither SQL nor values; its debug description tells all",
        arguments: [
            "insert into secrets values (\("tell-nobody"))",
            "select \("tell-nobody")::text::integer",
            "select * from tell_nobody",
            "select 'tell-nobody' from from",
        ] as [SQL]
    )
    func redacted(_ statement: SQL) async throws {
        try await TestServer.withPool(size: 1) { pool in
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.transaction { (connection) throws(DatabaseError) in
                    try connection.execute(
                        script:
                            "create temporary table secrets (name text primary key); insert into secrets values ('tell-nobody')"
                    )
                    try connection.query(statement)
                }
            }
            let description = error?.description ?? ""
            #expect(!description.contains("tell"))
            #expect(!description.contains("secrets values"))
            #expect(!description.contains("select"))
            #expect(description.contains(error?.sqlState?.rawValue ?? "no code"))
            #expect(error?.debugDescription.contains("tell") == true)
            #expect(error?.report.statement == statement.text)
        }
    }

    @Test("a violated constraint is named")
    func constraint() async throws {
        try await TestServer.withPool(size: 1) { pool in
            let error = await #expect(throws: DatabaseError.self) {
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    try connection.execute(
                        script: "create temporary table t (n integer constraint n_is_positive check (n > 0))"
                    )
                    try connection.query("insert into t values (\(Int32(-1)))")
                }
            }
            #expect(error?.sqlState == .checkViolation)
            #expect(error?.constraintName == "n_is_positive")
            #expect(error?.isTransient == false)
            #expect(error?.description == "PostgreSQL refused a statement (SQLSTATE 23514, constraint n_is_positive)")
        }
    }

    @Test(
        "a URL that cannot be read is refused without quoting it",
        arguments: [
            "postgres//user:s3cret@localhost/db", "postgresql://user:s3cret@one@localhost/db",
            "postgresql://user:s3/cret@localhost/db", "postgresql://user:s3cret@localhost:port/db",
            "postgresql://user:s3cret%zz@localhost/db", "host=localhost password='s3cret",
        ]
    )
    func unreadableURL(_ url: String) async throws {
        let error = #expect(throws: DatabaseError.self) { try DatabaseConfiguration(url: url).validate() }
        #expect(error?.kind == .connect)
        #expect(error?.isTransient == false)
        for text in [error?.description, error?.debugDescription] {
            #expect(text?.contains("s3") == false)
            #expect(text?.contains("cret") == false)
        }
        // A pool says so at once, too.
        let begin = ContinuousClock.now
        await #expect(throws: DatabaseError.self) {
            try await ConnectionPool.withPool(
                DatabaseConfiguration(url: url, acquireTimeout: .seconds(30)),
                logger: Logger(label: "test")
            ) { pool in
                try await pool.withConnection { _ throws(DatabaseError) in }
            }
        }
        #expect(ContinuousClock.now - begin < .seconds(25))
    }

    @Test("a server that is not there is named, and the caller waits no longer than it has to")
    func unreachable() async throws {
        let configuration = DatabaseConfiguration(
            url: "postgresql://user:s3cret@127.0.0.1:1/somewhere",
            acquireTimeout: .seconds(2)
        )
        let begin = ContinuousClock.now
        let error = await #expect(throws: DatabaseError.self) {
            try await ConnectionPool.withPool(configuration, logger: Logger(label: "test")) { pool in
                try await pool.withConnection { _ throws(DatabaseError) in }
            }
        }
        #expect(error?.kind == .connect)
        #expect(error?.isTransient == true)
        #expect(error?.description.contains("127.0.0.1") == true)
        #expect(error?.debugDescription.contains("s3cret") == false)
        #expect(ContinuousClock.now - begin < .seconds(15))
    }

    @Test("what the URL says goes before the defaults")
    func precedence() async throws {
        func applicationName(_ suffix: String) async throws -> String {
            var configuration = try await TestServer.configuration(poolSize: 1)
            let url = configuration.url ?? ""
            configuration.url = url + (url.contains("?") ? "&" : "?") + suffix
            return try await ConnectionPool.withPool(configuration, logger: Logger(label: "test")) { pool in
                try await pool.withConnection { (connection) throws(DatabaseError) in
                    try connection.query(
                        "select current_setting('application_name') || current_setting('search_path')"
                    ).only().string(0)
                }
            }
        }
        let fallback = try await applicationName("options=-csearch_path%3Dx")
        #expect(fallback == "durablex")
        let chosen = try await applicationName("application_name=mine&options=-csearch_path%3Dy")
        #expect(chosen == "miney")
    }
}
