import LibPQ

/// The names of the schemas that benchmarks make: the prefix, when it was made, and chance.
enum BenchSchema {
    static let prefix = "durable_bench_"

    static func freshName() -> String {
        prefix + hex(UInt32(truncatingIfNeeded: Host.unixSeconds)) + hex(.random(in: 0 ... .max))
    }

    /// How old the schema of that name is, in seconds; `nil` for a name that is not ours.
    static func age(of name: String) -> Int? {
        let digits = name.dropFirst(prefix.count)
        guard name.hasPrefix(prefix), digits.count == 16, let madeAt = UInt32(digits.prefix(8), radix: 16) else {
            return nil
        }
        return Host.unixSeconds - Int(madeAt)
    }

    /// Drops a schema; a statement of a process that was just ended may still be at it, and lock the tables in another order.
    static func drop(_ name: String, _ pool: ConnectionPool) async throws {
        let statement = SQL(unescaped: "drop schema if exists \(name) cascade")
        for attempt in 1... {
            let failure = await failure(of: statement, pool)
            guard let failure else { return }
            guard failure.isTransient, attempt < 5 else { throw failure }
        }
    }

    private static func failure(of statement: SQL, _ pool: ConnectionPool) async -> DatabaseError? {
        do throws(DatabaseError) {
            _ = try await pool.withConnection { connection throws(DatabaseError) in try connection.query(statement) }
            return nil
        } catch {
            return error
        }
    }

    /// The schemas of benchmarks that were killed: an hour old or older, with nobody connected who uses them.
    static func leftOver(_ pool: ConnectionPool) async throws -> [String] {
        let rows = try await pool.withConnection { connection throws(DatabaseError) in
            try connection.query(
                """
                select nspname::text
                from pg_catalog.pg_namespace n
                where starts_with(nspname::text, \(prefix))
                    and not exists (select from pg_catalog.pg_stat_activity a where a.application_name = n.nspname::text)
                order by nspname
                """
            )
        }
        return try rows.map { try $0.string(0) }.filter { (age(of: $0) ?? 0) >= 3600 }
    }

    private static func hex(_ number: UInt32) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
