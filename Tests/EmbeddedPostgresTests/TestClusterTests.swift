import DurableTestKit
import EmbeddedPostgres
import Testing

@Suite("The tests' own cluster", .timeLimit(.minutes(1)))
struct TestClusterTests {
    @Test("is one for all, with schemas that leave no trace")
    func shared() async throws {
        let database = try await TestCluster.shared
        let again = try await TestCluster.shared
        #expect(database == again)

        let execute = { (statement: String) in _ = try await query(statement, at: database) }
        let schema = try await TestSchema.with(execute: execute) { schema in
            try await execute("create schema \(schema); create table \(schema).t (n int)")
            return schema
        }
        let left = try await query("select count(*) from pg_namespace where nspname = '\(schema)'", at: database)
        #expect(left == "0")
    }

    @Test("leaves a test that needs to restart PostgreSQL a server of its own")
    func own() async throws {
        let shared = try await TestCluster.shared
        try await TestCluster.withOwn { server in
            #expect(server.databaseURL != shared)
            try await server.restart(.immediate)
            let answer = try await query("select 1", at: server.databaseURL)
            #expect(answer == "1")
        }
    }
}
