import DurableCore
import DurablePostgres
import DurableTestKit
import LibPQ
import Logging
import Testing

@Suite("Behind pgbouncer", .enabled(if: TestCluster.pgbouncer != nil, "TEST_PGBOUNCER_URL is not set"))
struct PoolerTests {
    @Test("ten replicas migrate at once through the pooler, and each migration is applied once")
    func migration() async throws {
        try await PostgresFixture.with(through: .pgbouncer, poolSize: 10, migrated: false) { fixture in
            let migrator = Migrator(pool: fixture.pool, schema: fixture.schema, logger: Logger(label: "test"))
            let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
                for _ in 0..<10 { group.addTask { try await migrator.migrate() } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.map(\.version).sorted() == Migration.all.map(\.version))
            try await migrator.check()
        }
    }
}
