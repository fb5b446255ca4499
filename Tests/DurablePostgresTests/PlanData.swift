import DurableCore
import DurablePostgres
import DurableTestKit
import Foundation
import LibPQ
import Testing

/// A schema with a million executions, for the length of a suite.
struct PlanData: Sendable {
    let statements: Statements
    let fixture: PostgresFixture

    /// The schema that the suite runs with.
    @TaskLocal static var current: PlanData?

    // MARK: What is where

    // The others, 572,000, are finished, each tenth of them failed; the first 100,000 have keys and a lost attempt, too.

    /// Wait for children; each has two that have completed.
    static let parents = 500_001...520_000
    /// The first of them has 10,000 more, which are ready.
    static let largestParent = 500_001
    static let sleepers = 520_001...525_000
    static let running = 525_001...526_000
    /// 100,000 of the task `hot`, the others of 200 tasks; many for next week, before everything else by priority.
    static let ready = 526_001...926_000
    /// Children that have just failed, and whose parents are to be told.
    static let closing = 926_001...927_000
    /// Failed parents with ten unfinished children each.
    static let failedParents = 927_001...928_000

    /// The id of the n-th execution; a second lies between two of them, and the last is of a minute ago.
    static func id(_ number: Int) -> ExecutionID {
        ExecutionID(bits: UInt128(epochMs + number * 1000) << 80 | UInt128(number))
    }

    static func ids(_ numbers: some Sequence<Int>) -> [ExecutionID] { numbers.map(id) }

    static func worker(_ number: Int) -> WorkerID { WorkerID(bits: UInt128(number)) }

    static func task(_ number: Int) -> TaskID { TaskID("task\(number % 200)") }

    private static let epochMs = Int(Date.now.timeIntervalSince1970 * 1000) - 1_000_060_000

    // MARK: Filling

    fileprivate static func tables(_ schema: String) -> String {
        let tables = [
            "executions", "ready", "leases", "waiting", "closings", "deadlines", "sleepers", "attempts",
            "idempotency_keys", "workers", "tasks", "requests",
        ]
        return tables.map { "\(schema).\($0)" }.joined(separator: ", ")
    }

    fileprivate static func script(_ schema: String) -> String {
        """
        set local search_path = \(schema);

        -- Nothing of it has to survive, and it is right without a look at each reference: this halves the time.
        set local session_replication_role = replica;
        alter table idempotency_keys set unlogged;
        alter table sleepers set unlogged;
        alter table executions set unlogged;
        alter table ready set unlogged;

        create function id(n bigint) returns uuid language sql immutable parallel safe
            return (lpad(to_hex(\(epochMs) + n * 1000), 12, '0') || lpad(to_hex(n), 20, '0'))::uuid;

        insert into workers (id, started_at, renewed_at, lease_ms, name)
        select lpad(to_hex(n), 32, '0')::uuid, now(), now(), 600000, 'worker ' || n from generate_series(1, 100) n;

        insert into tasks (id, registered_at, timeout_ms, sleep_ms_before_run, max_attempts)
        select 'task' || n, now(), 60000, 0, 3 from generate_series(0, 199) n;

        insert into executions (
            id, task_id, priority, created_at, updated_at, start_at, timeout_ms, sleep_ms_before_run, max_attempts,
            input, finished_at, final_status, attempt, output, error, waits_for, waiting_for_children_at, expires_at,
            parent_id, parent_attempt, child_index, is_only_child, parent_task_id, root_id, root_task_id)
        select
            id(n), case when n between 800001 and 900000 then 'hot' else 'task' || n % 200 end, priority, created_at, created_at,
            case when is_later then now() + interval '7 days' else created_at end, 60000, 0, 3,
            '{"n":1}', case when status is not null then created_at + interval '1 minute' end, status,
            case when status is not null or waits_for is not null then 1 end,
            case status when 'completed' then json '{"n":1}' end,
            case status when 'failed' then json '{"message":"no"}' end,
            waits_for, case when waits_for = 'children' or n between 927001 and 928000 then created_at end,
            case
                when waits_for = 'wake_up' then now() + interval '1 day'
                when n between 526001 and 530000 then now() + (n - 528000) * interval '1 minute'
            end,
            id(parent), case when parent is not null then 1 end, child_index, case when parent is not null then false end,
            'task' || parent % 200, id(parent), 'task' || parent % 200
        from generate_series(1, 1000000) n
        cross join lateral (
            select
                to_timestamp((\(epochMs) + n * 1000) / 1000) as created_at,
                case
                    when n > 926000 and n <= 928000 or (n <= 500000 or n > 928000) and n % 10 = 0 then 'failed'
                    when n <= 500000 or n > 928000 then 'completed'
                end as status,
                case
                    when n between 500001 and 520000 then 'children'
                    when n between 520001 and 525000 then 'wake_up'
                end as waits_for,
                n between 540001 and 800000 and n / 200 % 2 = 0 as is_later,
                case when n between 540001 and 800000 then
                    case n / 200 % 8 when 0 then 50 when 2 then 50 when 1 then 5 when 3 then -5 else 0 end
                else 0 end as priority,
                case
                    when n between 460001 and 500000 then 500001 + (n - 460001) / 2
                    when n between 530001 and 540000 then 927001 + (n - 530001) / 10
                    when n between 916001 and 926000 then 500001
                    when n between 926001 and 927000 then n - 426000
                end as parent,
                case
                    when n between 460001 and 500000 then (n - 460001) % 2
                    when n between 530001 and 540000 then n % 10
                    when n between 916001 and 926000 then n - 916000 + 2
                    when n between 926001 and 927000 then 2
                end as child_index
        ) as kind;

        insert into ready (task_id, priority, start_at, execution_id)
        select task_id, priority, start_at, id from executions where id between id(526001) and id(926000);
        insert into leases (execution_id, attempt, worker_id, started_at)
        select id(n), 1, lpad(to_hex(n % 100 + 1), 32, '0')::uuid, now() from generate_series(525001, 526000) n;
        insert into waiting (execution_id, attempt, active_children, waits_for)
        select id, 1, 10, waits_for from executions where id between id(500001) and id(525000);
        insert into deadlines (expires_at, execution_id)
        select expires_at, id from executions where id between id(520001) and id(530000) and expires_at is not null;
        insert into sleepers (unique_id, task_id, execution_id)
        select 'sleeper ' || n, 'task' || n % 200, id(n) from generate_series(520001, 525000) n;
        insert into sleepers (unique_id, task_id, kept_until, woken_as)
        select 'wake-up ' || n, 'task1', now() + (n - 100) * interval '1 minute', 'completed'
        from generate_series(1, 5000) n;
        insert into closings (execution_id, parent_id, parent_attempt, is_finalize, has_completed, has_descent)
        select id(n), id(n - 426000), 1, false, false, true from generate_series(926001, 927000) n;
        insert into attempts (execution_id, attempt, worker_id, started_at, ended_at, ended_as)
        select id(n), 1, lpad(to_hex(n % 100 + 1), 32, '0')::uuid, now(), now(), 'retried'
        from generate_series(1, 100000) n;
        insert into idempotency_keys (task_id, key, execution_id)
        select 'task' || n % 200, 'key ' || n, id(n) from generate_series(1, 100000) n;
        insert into requests (verb, execution_id, applied_at)
        select 'cancel', id(n), case when n > 10 then now() end from generate_series(1, 10000) n;
        """
    }
}

/// Has a suite run with ``PlanData``.
struct PlanDataTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await PostgresFixture.with(poolSize: 1) { fixture in
            try await fixture.execute(PlanData.script(fixture.schema))
            try await fixture.execute("vacuum analyze \(PlanData.tables(fixture.schema))")
            let data = PlanData(statements: Statements(schema: fixture.schema), fixture: fixture)
            try await PlanData.$current.withValue(data) { try await function() }
        }
    }
}

extension Trait where Self == PlanDataTrait {
    static var millionExecutions: Self { PlanDataTrait() }
}
