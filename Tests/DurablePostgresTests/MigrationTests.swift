import Dispatch
import DurablePostgres
import DurableTestKit
import Foundation
import LibPQ
import Logging
import Testing

@Suite("Migrations", .timeLimit(.minutes(1)))
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

    @Test("a migration that waits for somebody who uses a table lets the others go on, and is applied afterwards")
    func patience() async throws {
        try await PostgresFixture.with { fixture in
            let schema = fixture.schema
            try await fixture.execute("delete from \(schema).migrations where name = '0003_room'")
            let (locked, done) = (AsyncStream<Void>.makeStream(), DispatchSemaphore(value: 0))
            async let holder: Void = fixture.pool.transaction { connection throws(DatabaseError) in
                try connection.execute(script: "lock table \(schema).executions in share update exclusive mode")
                locked.continuation.finish()
                done.wait()
            }
            // Below the holder: at its end the scope signals first, and then waits for the holder.
            defer { done.signal() }
            for await _ in locked.stream {}
            async let applied = migrator(fixture).migrate()
            func isWaiting() async throws -> Bool {
                try await fixture.pool.withConnection { connection throws(DatabaseError) in
                    try connection.query(
                        """
                        select exists (
                            select from pg_locks
                            where not granted and relation = (\(schema) || '.executions')::regclass)
                        """
                    ).only().bool(0)
                }
            }
            try await eventually { try await isWaiting() }
            try await eventually { try await !isWaiting() }
            done.signal()
            try await holder
            #expect(try await applied.map(\.name) == ["0003_room"])
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

    @Test("the checks on executions are short: PostgreSQL reads them anew for each statement that writes executions")
    func brevity() async throws {
        try await PostgresFixture.with { fixture in
            let schema = fixture.schema
            let bytes = try await fixture.pool.withConnection { connection throws(DatabaseError) in
                try connection.query(
                    """
                    select sum(length(conbin::text)) from pg_constraint
                    where connamespace = \(schema)::regnamespace and conrelid::regclass::text like '%executions'
                    """
                ).only().int(0)
            }
            #expect((1...12_000).contains(bytes))
        }
    }

    @Test("the schema refuses what the state machine would never do")
    func checks() async throws {
        try await PostgresFixture.with { fixture in
            func insert(_ columns: [String: String]) async throws {
                var row = [
                    "id": "gen_random_uuid()", "task_id": "'add1'", "created_at": "now()", "updated_at": "now()",
                    "start_at": "now()", "timeout_ms": "1", "sleep_ms_before_run": "0", "max_attempts": "2",
                ]
                row.merge(columns) { _, new in new }
                let (names, values) = (row.keys.joined(separator: ", "), row.values.joined(separator: ", "))
                try await fixture.execute("insert into \(fixture.schema).executions (\(names)) values (\(values))")
            }
            let completed = ["final_status": "'completed'", "finished_at": "now()", "attempt": "1", "output": "'1'"]
            let failed = ["final_status": "'failed'", "finished_at": "now()", "attempt": "1", "error": "'{}'"]
            let child = [
                "parent_id": "gen_random_uuid()", "parent_attempt": "1", "parent_task_id": "'p'",
                "root_id": "gen_random_uuid()", "root_task_id": "'p'", "child_index": "0", "is_only_child": "true",
            ]
            let waiting = ["waits_for": "'children'", "waiting_for_children_at": "now()", "attempt": "1"]
            for sound in [[:], completed, failed, child, waiting, ["retry_attempts": "2"]] { try await insert(sound) }
            for (row, flaw) in [
                (completed, ["finished_at": "null"]), (completed, ["attempt": "null"]), (completed, ["error": "'{}'"]),
                (completed, ["waits_for": "'wake_up'"]), (completed, ["final_status": "'done'"]),
                (failed, ["error": "null"]), (failed, ["output": "'1'"]),
                ([:], ["finished_at": "now()"]), ([:], ["output": "'1'"]), ([:], ["attempt": "1"]),
                ([:], ["waits_for": "'nothing'", "attempt": "1"]), ([:], ["retry_attempts": "3"]),
                (waiting, ["attempt": "null"]), (waiting, ["waiting_for_children_at": "null"]),
                (child, ["parent_attempt": "null"]), (child, ["root_task_id": "null"]),
                (child, ["is_only_child": "null"]),
                ([:], ["child_index": "0", "is_only_child": "true"]),
            ] {
                let error = try await #require(throws: DatabaseError.self) {
                    try await insert(row.merging(flaw) { _, flaw in flaw })
                }
                #expect(error.sqlState == .checkViolation, "\(row) \(flaw)")
            }
        }
    }
}
