import LibPQ

/// Reads what has been used up so far, so that two readings tell what a measured piece of work has cost.
///
/// What the server tells is true of all its databases and sessions: on one that others use, their work is in it.
struct Meter: Sendable {
    let arena: Arena
    private let children: [ChildProgram]
    /// The server's main process, where it is on this machine and can be read.
    private let postmaster: Int32?
    private let hasStatementStatistics: Bool
    private let checkpoint: Double?

    init(_ arena: Arena, children: [ChildProgram] = []) async throws {
        self.arena = arena
        self.children = children
        let server = try await arena.query("select pg_backend_pid(), host(inet_server_addr())").only()
        let isLocal = [nil, "127.0.0.1", "::1"].contains(try server.stringIfPresent(1))
        let process = Int32(truncatingIfNeeded: try server.int(0))
        postmaster = isLocal ? Host.parent(of: process, running: "postgres") : nil
        hasStatementStatistics = (try? await arena.query("select from pg_stat_statements limit 1")) != nil
        checkpoint = await Self.checkpoint(arena)
    }

    /// Stands in statements of the benchmark's own that name the schema and are not to be counted.
    static let ownMark = "/* durable bench */"

    /// What one has to know to read its figures.
    ///
    /// - Parameter countsOwn: Whether all statements are the benchmark's own, so that it can count them.
    func notes(countsOwn: Bool = false) -> [String] {
        var notes = ["WAL, write transactions and PostgreSQL's CPU are the whole server's, whoever else uses it."]
        if hasStatementStatistics {
            notes.append("Statements are those that name the schema, as pg_stat_statements counts them.")
        } else if countsOwn {
            notes.append("Statements are those that this process has sent.")
        }
        return notes
    }

    struct Reading: Sendable {
        fileprivate let at = ContinuousClock.now
        fileprivate var processorTime: [Role: Double] = [:]
        fileprivate var machine: Double?
        fileprivate var wal = 0.0
        fileprivate var transactions = 0.0
        fileprivate var statements: Double?
        fileprivate var checkpoint: Double?
    }

    func reading() async throws -> Reading {
        var reading = Reading()
        reading.processorTime[.bench] = Host.ownProcessorTime
        for child in children {
            guard let time = Host.processorTime(of: child.processID) else { continue }
            reading.processorTime[child.role, default: 0] += time
        }
        reading.processorTime[.postgres] = postmaster.flatMap(Host.processorTime(ofFamily:))
        reading.machine = Host.machineProcessorTime
        let row = try await arena.query(
            """
            select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8,
                pg_snapshot_xmax(pg_current_snapshot())::text::float8
            """
        ).only()
        reading.wal = try row.double(0)
        reading.transactions = try row.double(1)
        if hasStatementStatistics {
            reading.statements = try await arena.query(
                """
                select coalesce(sum(calls), 0)::float8 from pg_stat_statements
                where strpos(query, \(arena.schema)) > 0 and strpos(query, \(Self.ownMark)) = 0
                """
            ).only().double(0)
        }
        if checkpoint != nil { reading.checkpoint = await Self.checkpoint(arena) }
        return reading
    }

    /// What was used up between two readings, for each execution.
    ///
    /// - Parameter statements: How many the benchmark has sent itself, where nobody else did.
    func usage(from first: Reading, to last: Reading, executions: Int, statements: Int? = nil) -> Sample {
        let count = Double(max(1, executions))
        var sample = Sample()
        var known = 0.0
        for role in Role.allCases {
            guard let before = first.processorTime[role], let after = last.processorTime[role] else { continue }
            known += after - before
            sample.add(.cpu(role), (after - before) * 1e6 / count)
        }
        sample.add(.wal, (last.wal - first.wal) / count)
        sample.add(.transactions, (last.transactions - first.transactions) / count)
        if let before = first.statements, let after = last.statements {
            sample.add(.statements, (after - before) / count)
        } else if let statements {
            sample.add(.statements, Double(statements) / count)
        }
        if let now = last.checkpoint, let checkpoint { sample.add(.checkpoints, now > checkpoint ? 1 : 0) }
        let seconds = (last.at - first.at) / .seconds(1)
        if let before = first.machine, let after = last.machine, seconds > 0 {
            sample.add(.otherCores, max(0, after - before - known) / seconds)
        }
        return sample
    }

    /// Where the last checkpoint began in the WAL: after it, the first change of a page writes the page whole.
    private static func checkpoint(_ arena: Arena) async -> Double? {
        let rows = try? await arena.query(
            "select (redo_lsn - '0/0'::pg_lsn)::float8 from pg_catalog.pg_control_checkpoint()"
        )
        return try? rows?.only().double(0)
    }
}
