package import DurableCore
import DurableWire
package import LibPQ

/// What ends executions wherever they stand, and has ended ones run again.
extension Statements {
    /// How one execution is to end.
    package struct Finishing {
        let id: ExecutionID
        let ending: ExecutionStateMachine.Ending

        package init(id: ExecutionID, ending: ExecutionStateMachine.Ending) {
            self.id = id
            self.ending = ending
        }
    }

    /// Ends executions that are ready, leased or waiting; returns those that it ended.
    ///
    /// Taking its row out of `ready`, `leases` or `waiting` is the right to end an execution. One that moves between them
    /// at the moment escapes: the caller looks and tries again.
    ///
    /// - Parameter waits: Whether to wait for rows that others have locked. For many executions at once it must not, or two
    ///   of these could wait for each other.
    package func finish(_ finishings: [Finishing], waits: Bool) -> SQL {
        let patience = waits ? "" : "skip locked"
        let endings = finishings.map(\.ending)
        return """
            with asked as materialized (
                select *
                from unnest(
                    \(finishings.map(\.id.bits)), \(endings.map(\.status.rawValue)), \(json: endings.map(\.output?.json)),
                    \(json: endings.map(\.output?.meta)), \(json: endings.map { $0.error?.json.encode() })
                ) as asked (id, final_status, output, output_meta, error)
            ), leased as materialized (
                select l.execution_id
                from asked join \(unescaped: schema).leases l on l.execution_id = asked.id
                for update of l \(unescaped: patience)
            ), unleased as (
                delete from \(unescaped: schema).leases l using leased where l.execution_id = leased.execution_id
                returning l.execution_id, l.attempt, l.worker_id, l.started_at
            ), was_ready as materialized (
                select r.task_id, r.priority, r.start_at, r.execution_id
                from asked
                join \(unescaped: schema).executions e
                    on e.id = asked.id and e.final_status is null and e.waits_for is null
                join \(unescaped: schema).ready r
                    on r.task_id = e.task_id and r.priority = e.priority and r.start_at = e.start_at
                        and r.execution_id = e.id
                for update of r \(unescaped: patience)
            ), unready as (
                delete from \(unescaped: schema).ready r
                using was_ready w
                where r.task_id = w.task_id and r.priority = w.priority and r.start_at = w.start_at
                    and r.execution_id = w.execution_id
                returning r.execution_id, r.attempt
            ), waited as materialized (
                select w.execution_id
                from asked join \(unescaped: schema).waiting w on w.execution_id = asked.id
                for update of w \(unescaped: patience)
            ), unwaited as (
                delete from \(unescaped: schema).waiting w using waited where w.execution_id = waited.execution_id
                returning w.execution_id, w.waits_for
            ), taken as (
                select execution_id, attempt, worker_id, started_at, false as has_descent from unleased
                union all
                select execution_id, attempt, null, null, false from unready
                union all
                select execution_id, null, null, null, waits_for <> 'wake_up' from unwaited
            ), finished as (
                update \(unescaped: schema).executions e
                set final_status = asked.final_status, output = asked.output, output_meta = asked.output_meta,
                    error = asked.error, attempt = coalesce(taken.attempt, e.attempt),
                    worker_id = coalesce(taken.worker_id, e.worker_id), started_at = coalesce(taken.started_at, e.started_at),
                    waits_for = null, carried = null, carried_meta = null, finished_at = \(unescaped: schema).clock(),
                    updated_at = \(unescaped: schema).clock()
                from taken join asked on asked.id = taken.execution_id
                where e.id = taken.execution_id
                returning e.id, e.parent_id, e.parent_attempt, e.child_index, e.final_status, e.expires_at, taken.has_descent
            ), \(unescaped: closing)
            select id from finished
            """
    }

    /// The rest of a statement that finished executions: their relatives are to be told, their deadlines are void.
    ///
    /// Reads `finished (id, parent_id, parent_attempt, child_index, final_status, expires_at, has_descent)`.
    var closing: String {
        """
        closed as (
            insert into \(schema).closings (execution_id, parent_id, parent_attempt, is_finalize, has_completed, has_descent)
            select
                id, parent_id, parent_attempt, parent_id is not null and child_index is null, final_status = 'completed',
                has_descent and final_status <> 'completed'
            from finished
            where parent_id is not null or has_descent and final_status <> 'completed'
            on conflict (execution_id) do update
            set parent_attempt = excluded.parent_attempt, has_completed = excluded.has_completed,
                has_descent = excluded.has_descent
        ), undated as (
            delete from \(schema).deadlines d
            using finished f
            where d.expires_at = f.expires_at and d.execution_id = f.id
        )
        """
    }

    // MARK: wake

    /// The sleeper of that name, or the wake-up kept for it; locked.
    package func sleeper(_ uniqueID: String) -> SQL {
        """
        select task_id, execution_id
        from \(unescaped: schema).sleepers
        where unique_id = \(uniqueID) and (execution_id is not null or kept_until > \(unescaped: schema).clock())
        for update
        """
    }

    /// Keeps a wake-up for a sleeper that is still to come; returns nothing when the name has become known meanwhile.
    package func keep(_ wakeUp: WakeUp, _ ending: ExecutionStateMachine.Ending) -> SQL {
        """
        insert into \(unescaped: schema).sleepers as s (unique_id, task_id, kept_until, woken_as, output, output_meta, error)
        values (
            \(wakeUp.uniqueID), \(wakeUp.taskID.rawValue), \(unescaped: schema).after_ms(\(wakeUp.keptForMs)),
            \(ending.status.rawValue), \(json: ending.output?.json), \(json: ending.output?.meta),
            \(json: ending.error?.json.encode()))
        on conflict (unique_id) do update
        set task_id = excluded.task_id, kept_until = excluded.kept_until, woken_as = excluded.woken_as,
            output = excluded.output, output_meta = excluded.output_meta, error = excluded.error
        where s.execution_id is null and s.kept_until <= \(unescaped: schema).clock()
        returning unique_id
        """
    }

    // MARK: retry

    /// What deciding about a retry by hand takes; locks the execution.
    package func retryable(_ id: ExecutionID) -> SQL {
        """
        select
            e.final_status, e.task_id, e.plan, e.parent_task_id, e.parent_id,
            exists (
                select from \(unescaped: schema).executions p
                where p.id = e.parent_id and p.final_status is null)
        from \(unescaped: schema).executions e
        where e.id = \(id.bits)
        for update of e
        """
    }

    /// The child that a sequence or loop ended with, or the finalize execution: the one that was made last.
    package func lastChild(of id: ExecutionID) -> SQL {
        """
        select c.id, c.final_status, c.child_index is null
        from \(unescaped: schema).executions e
        cross join lateral (
            select id, final_status, child_index from \(unescaped: schema).executions
            where parent_id = e.id and parent_attempt = e.attempt
            order by child_index desc nulls first
            limit 1
        ) as c
        where e.id = \(id.bits)
        """
    }

    /// Has a finished execution begin anew; `waitsFor` says where: nothing is `ready`.
    package func restart(_ id: ExecutionID, waitsFor: String?, timesOut: Bool) -> SQL {
        """
        with asked as (select \(id.bits) as id), \(unescaped: remembering), unfinished as (
            update \(unescaped: schema).executions e
            set final_status = null, finished_at = null, output = null, output_meta = null, attempt = \(
                waitsFor == nil ? nil : Int32(0)), worker_id = null,
                started_at = case when \(waitsFor != nil) then \(unescaped: schema).clock() end,
                waits_for = \(waitsFor), waiting_for_finalize_at = null,
                waiting_for_children_at = case when \(waitsFor == "children") then \(unescaped: schema).clock() end,
                retry_attempts = 0, lease_losses = 0, start_at = \(unescaped: schema).clock(),
                expires_at = case when \(timesOut) or e.expires_in_ms is not null then
                    \(unescaped: schema).after_ms(
                        case when \(timesOut) then least(e.expires_in_ms, e.timeout_ms) else e.expires_in_ms end) end,
                updated_at = \(unescaped: schema).clock()
            from before
            where e.id = before.id
            returning e.id, e.task_id, e.priority, e.start_at, e.expires_at, before.attempt
        ), \(unescaped: reopening), readied as (
            insert into \(unescaped: schema).ready (task_id, priority, start_at, execution_id, attempt)
            select task_id, priority, start_at, id, attempt from unfinished where \(waitsFor == nil)
        )
        insert into \(unescaped: schema).waiting (execution_id, attempt, active_children, waits_for)
        select id, 0, case when \(waitsFor == "children") then 1 else 0 end, \(waitsFor) from unfinished where \(waitsFor != nil)
        """
    }

    /// Has a finished execution wait again for the child or finalize execution that it ended with.
    package func resume(_ id: ExecutionID, waitsFor: String) -> SQL {
        """
        with asked as (select \(id.bits) as id), \(unescaped: remembering), unfinished as (
            update \(unescaped: schema).executions e
            set final_status = null, finished_at = null, error = null, waits_for = \(waitsFor),
                expires_at = case when e.expires_in_ms is not null then
                    \(unescaped: schema).after_ms(e.expires_in_ms) end,
                updated_at = \(unescaped: schema).clock()
            from before
            where e.id = before.id
            returning e.id, e.expires_at, e.attempt
        ), \(unescaped: reopening)
        insert into \(unescaped: schema).waiting (execution_id, attempt, active_children, waits_for)
        select id, attempt, 1, \(waitsFor) from unfinished
        """
    }

    /// Tells a parent again of a child that it has been told of before.
    package func close(_ id: ExecutionID) -> SQL {
        """
        insert into \(unescaped: schema).closings (
            execution_id, parent_id, parent_attempt, is_finalize, has_completed, has_descent)
        select id, parent_id, parent_attempt, child_index is null, final_status = 'completed', false
        from \(unescaped: schema).executions
        where id = \(id.bits)
        on conflict (execution_id) do nothing
        """
    }

    /// Writes the last attempt of a finished execution into its history, before the row forgets it.
    ///
    /// Reads `asked (id)`, and is `before`.
    private var remembering: String {
        """
        before as (
            select
                id, e.attempt, e.worker_id, e.started_at, coalesce(e.waiting_for_children_at, e.finished_at) as ended_at,
                case
                    when e.waiting_for_children_at is not null then 'spawned'
                    when e.final_status = 'finalize_failed' then 'failed'
                    else e.final_status
                end as ended_as,
                case when e.waiting_for_children_at is null then e.error end as error
            from asked join \(schema).executions e using (id)
        ), told as (
            insert into \(schema).attempts (execution_id, attempt, worker_id, started_at, ended_at, ended_as, error)
            select id, attempt, worker_id, started_at, ended_at, ended_as, error
            from before
            where attempt >= 1 and started_at is not null and worker_id is not null
            on conflict (execution_id, attempt) do nothing
        ), unclosed as (
            delete from \(schema).closings c using before where c.execution_id = before.id
        )
        """
    }

    /// Reads `unfinished (id, expires_at)`.
    private var reopening: String {
        """
        dated as (
            insert into \(schema).deadlines (expires_at, execution_id)
            select expires_at, id from unfinished where expires_at is not null
        )
        """
    }
}
