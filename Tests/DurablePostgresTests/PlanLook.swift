import DurablePostgres
import DurableTestKit
import Foundation
import LibPQ

/// What PostgreSQL did with a statement: its plan, and what it read.
struct PlanLook: Sendable {
    /// How the plan comes about.
    enum Mode: String, Sendable, CaseIterable {
        /// For the values of the parameters, as a connection's first uses of a statement are planned.
        case custom
        /// For any values, as its later ones may be.
        case generic
        /// As our own sessions are set.
        case session

        fileprivate var settings: [String: String] {
            switch self {
            case .custom: ["plan_cache_mode": "force_custom_plan"]
            case .generic: ["plan_cache_mode": "force_generic_plan"]
            case .session: PostgresStorage.sessionSettings
            }
        }
    }

    /// A node of a plan.
    struct Node: Sendable, Decodable {
        let type: String
        let relation: String?
        let cost: Double
        /// `nil` when it has not been executed.
        let rows: Double?
        let loops: Double?
        let inputs: [Node]?

        enum CodingKeys: String, CodingKey {
            case type = "Node Type"
            case relation = "Relation Name"
            case cost = "Total Cost"
            case rows = "Actual Rows"
            case loops = "Actual Loops"
            case inputs = "Plans"
        }

        var all: [Node] { [self] + (inputs ?? []).flatMap(\.all) }
        /// How many rows came out of it.
        var total: Int { Int((rows ?? 0) * (loops ?? 0)) }
    }

    /// How many entries of an index, or rows of a table from one end to the other, were read.
    struct Reading: Sendable {
        let table: String
        let index: String?
        let count: Int
    }

    /// As PostgreSQL prints it.
    let text: String
    let plan: Node
    let readings: [Reading]

    /// Tables that the plan reads from one end to the other.
    var scanned: Set<String> { Set(plan.all.filter { $0.type == "Seq Scan" }.compactMap(\.relation)) }

    /// The most rows that were sorted at once.
    var sorted: Int {
        plan.all.filter { $0.type.hasSuffix("Sort") }.flatMap { $0.inputs ?? [] }.map(\.total).max() ?? 0
    }
}

extension PlanData {
    /// Runs a statement in a transaction that is rolled back.
    func look(at statement: SQL, _ mode: PlanLook.Mode) async throws -> PlanLook {
        let schema = fixture.schema
        let (text, readings) = try await fixture.pool.withConnection { connection throws(DatabaseError) in
            let settings = mode.settings.map { "set local \($0) = \($1)" }
            try connection.execute(script: (["begin"] + settings).joined(separator: "; "))
            let plan: String
            let before: [PlanLook.Reading]
            switch mode {
            case .custom:
                before = try Self.readings(schema, &connection)
                let rows = try connection.query(statement.preceded(by: "explain (analyze, timing off, format json)"))
                plan = try rows.only().string(0)
            case .generic, .session:
                // The plan is for any values, so nulls will do to see it; they are not what it is run with.
                try connection.execute(script: "prepare looked_at as \(statement.text)")
                let parameters = statement.text.matches(of: /\$[0-9]+::/).count
                let nulls = Array(repeating: "null", count: parameters).joined(separator: ", ")
                let call = parameters == 0 ? "looked_at" : "looked_at(\(nulls))"
                let explain = SQL(unescaped: "explain (format json) execute \(call)")
                plan = try connection.query(explain).only().string(0)
                try connection.execute(script: "deallocate looked_at")
                before = try Self.readings(schema, &connection)
                try connection.query(statement)
            }
            let after = try Self.readings(schema, &connection)
            try connection.execute(script: "rollback")
            let readings = after.map { reading in
                let earlier = before.first { $0.table == reading.table && $0.index == reading.index }?.count ?? 0
                return PlanLook.Reading(table: reading.table, index: reading.index, count: reading.count - earlier)
            }
            return (plan, readings.filter { $0.count > 0 })
        }
        struct Explanation: Decodable {
            let plan: PlanLook.Node

            enum CodingKeys: String, CodingKey { case plan = "Plan" }
        }
        let explanation = try JSONDecoder().decode([Explanation].self, from: Data(text.utf8))
        return PlanLook(text: text, plan: explanation[0].plan, readings: readings)
    }

    private static func readings(
        _ schema: String,
        _ connection: inout Connection
    ) throws(DatabaseError) -> [PlanLook.Reading] {
        let rows = try connection.query(
            """
            select coalesce(t.relname, c.relname), case when c.relkind = 'i' then c.relname end,
                pg_stat_get_xact_tuples_returned(c.oid)
            from pg_catalog.pg_class c
            left join pg_catalog.pg_index i on i.indexrelid = c.oid
            left join pg_catalog.pg_class t on t.oid = i.indrelid
            where c.relnamespace = \(schema)::regnamespace and c.relkind in ('r', 'i')
            """
        )
        var readings: [PlanLook.Reading] = []
        for row in rows {
            readings.append(
                PlanLook.Reading(table: try row.string(0), index: try row.stringIfPresent(1), count: try row.int(2))
            )
        }
        return readings
    }
}
