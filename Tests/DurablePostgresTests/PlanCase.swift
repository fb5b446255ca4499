import DurablePostgres
import LibPQ
import Testing

/// A statement, and what it may cost however many executions there are.
struct PlanCase: Sendable, CustomTestStringConvertible {
    /// As ``PlanNames`` has it.
    let statement: String
    let detail: String?
    /// How many entries of indexes and rows of tables that are read from end to end it may read altogether, and how many
    /// rows it may sort.
    let reads: Int
    /// Tables that it may read from end to end because they are short, however many executions there are.
    let scans: Set<String>
    let sql: @Sendable (Statements) -> SQL

    init(
        _ statement: String,
        _ detail: String? = nil,
        reads: Int,
        scans: Set<String> = [],
        sql: @escaping @Sendable (Statements) -> SQL
    ) {
        self.statement = statement
        self.detail = detail
        self.reads = reads
        self.scans = scans
        self.sql = sql
    }

    var testDescription: String { detail.map { "\(statement): \($0)" } ?? statement }

    static let all = reading + inserting + leasing + settling + finishing + families + upkeep
}
