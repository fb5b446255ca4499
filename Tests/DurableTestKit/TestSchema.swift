import Foundation

/// A name for a schema that no other test uses, so that tests can share a database and run side by side.
package struct TestSchema: Sendable, Hashable, CustomStringConvertible {
    /// A plain lower-case identifier: it needs no quotes in SQL.
    package let name: String

    /// A fresh name; `test_` and 16 random hexadecimal digits.
    package init() {
        let digits = String(UInt64.random(in: 0 ... .max), radix: 16)
        name = "test_" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    package var description: String { name }

    /// The statement that removes the schema and everything in it.
    package var dropStatement: String { "drop schema if exists \(name) cascade" }

    /// Runs the body with a fresh schema name and drops the schema afterwards, however the body ends.
    ///
    /// - Parameter execute: Runs a statement on the database.
    package static func with<Result>(
        execute: (String) async throws -> Void,
        _ body: (TestSchema) async throws -> Result
    ) async throws -> Result {
        let schema = TestSchema()
        do {
            let result = try await body(schema)
            try await schema.drop(execute)
            return result
        } catch {
            try? await schema.drop(execute)
            throw error
        }
    }

    /// Drops the schema; a statement of a process that was just ended may still be at it, and lock the tables in another
    /// order.
    private func drop(_ execute: (String) async throws -> Void) async throws {
        for _ in 0..<5 {
            do {
                return try await execute(dropStatement)
            } catch {
                continue
            }
        }
        try await execute(dropStatement)
    }
}
