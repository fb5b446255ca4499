import DurablePostgres
import DurableTestKit
import Foundation
import LibPQ
import Logging
import Testing

@Suite("Migrations")
struct MigrationTests {
    private func migrator(_ fixture: PostgresFixture) -> Migrator {
        Migrator(pool: fixture.pool, schema: fixture.schema, logger: Logger(label: "test"))
    }

    @Test("every file is embedded, in order, under its own name")
    func embedded() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../migrations")
            .standardized
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".sql") }
            .sorted()
        #expect(files == Migration.all.map { "\($0.name).sql" })
        for migration in Migration.all {
            let file = try String(contentsOf: folder.appending(path: "\(migration.name).sql"), encoding: .utf8)
            #expect(migration.sql == file)
            #expect(file.utf8.count < 16_384, "\(migration.name) costs too much compile time")
        }
        #expect(Migration.all.map(\.version) == Array(1...Migration.all.count))
    }

    @Test("ten replicas migrate at once, and each migration is applied once")
    func concurrent() async throws {
        try await PostgresFixture.with(poolSize: 10, migrated: false) { fixture in
            let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
                for _ in 0..<10 { group.addTask { try await migrator(fixture).migrate() } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.map(\.version).sorted() == Migration.all.map(\.version))
            let again = try await migrator(fixture).migrate()
            #expect(again.isEmpty)
            let status = try await migrator(fixture).status()
            #expect(status.allSatisfy { $0.state == .applied })
            try await migrator(fixture).check()
        }
    }

    @Test("a schema that lacks a migration is refused, and the error says what to do")
    func pending() async throws {
        try await PostgresFixture.with(migrated: false) { fixture in
            let error = try await #require(throws: MigrationError.self) { try await migrator(fixture).check() }
            #expect(error.description.contains("durable migrate"))
            #expect(error.description.contains(fixture.schema))
            let status = try await migrator(fixture).status()
            #expect(status.allSatisfy { $0.state == .pending })
        }
    }

    @Test("an edited past is refused")
    func edited() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.execute("update \(fixture.schema).migrations set checksum = 'x' where version = 1")
            let expected = MigrationError.edited(schema: fixture.schema, name: Migration.all[0].name)
            await #expect(throws: expected) { try await migrator(fixture).check() }
            await #expect(throws: expected) { try await migrator(fixture).migrate() }
        }
    }

    @Test("a newer program's migration is tolerated unless it says that it breaks older ones")
    func newer() async throws {
        try await PostgresFixture.with { fixture in
            try await fixture.execute(
                "insert into \(fixture.schema).migrations values (now(), 9999, false, '9999_future', 'x')"
            )
            try await migrator(fixture).check()
            try await fixture.execute("update \(fixture.schema).migrations set is_breaking = true where version = 9999")
            await #expect(throws: MigrationError.newer(schema: fixture.schema, name: "9999_future")) {
                try await migrator(fixture).check()
            }
        }
    }

    @Test("every table, view, column and function is explained to whoever looks with psql")
    func comments() async throws {
        try await PostgresFixture.with { fixture in
            let schema = fixture.schema
            let missing = try await fixture.pool.withConnection { connection throws(DatabaseError) in
                var names: [String] = []
                let rows = try connection.query(
                    """
                    select c.relname || coalesce('.' || a.attname, '')
                    from pg_class c
                    left join lateral (
                        select attname, attnum from pg_attribute
                        where attrelid = c.oid and attnum > 0 and not attisdropped and c.relkind = 'r'
                        union all select null, 0
                    ) a on true
                    where c.relnamespace = \(schema)::regnamespace and c.relkind in ('r', 'v')
                        and case a.attnum
                            when 0 then obj_description(c.oid, 'pg_class')
                            else col_description(c.oid, a.attnum)
                        end is null
                    union all
                    select proname from pg_proc
                    where pronamespace = \(schema)::regnamespace and obj_description(oid, 'pg_proc') is null
                    """
                )
                for row in rows { names.append(try row.string(0)) }
                return names
            }
            #expect(missing.isEmpty)
        }
    }

    @Test("the schema refuses what the state machine would never do")
    func checks() async throws {
        try await PostgresFixture.with { fixture in
            let insert =
                "insert into \(fixture.schema).executions (id, task_id, created_at, updated_at, start_at, timeout_ms, "
                + "sleep_ms_before_run, max_attempts, final_status, finished_at, attempt, output, error) values "
                + "(gen_random_uuid(), 'add1', now(), now(), now(), 1, 0, 0, "
            for values in [
                "'completed', null, 1, null, null)", "null, now(), 1, null, null)", "null, null, null, '1', null)",
                "'failed', now(), 1, null, null)", "'completed', now(), 1, null, '{}')",
                "'failed', now(), 1, '1', '{}')",
                "'done', now(), 1, null, null)",
            ] {
                let error = try await #require(throws: DatabaseError.self) {
                    try await fixture.execute(insert + values)
                }
                #expect(error.sqlState == .checkViolation, "\(values)")
            }
            try await fixture.execute(insert + "'completed', now(), 1, '1', null)")
        }
    }
}
