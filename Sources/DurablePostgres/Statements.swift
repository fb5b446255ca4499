package import DurableCore
package import LibPQ

/// Every statement that readers send, and those about tasks.
///
/// Its neighbours: `Statements+Insert.swift`, `Statements+Finish.swift`, `Statements+Families.swift`,
/// `Statements+Workers.swift`, `Statements+Upkeep.swift`.
///
/// All runtime SQL of the program lives in these files, qualified with the schema, so that it needs no session state.
package struct Statements: Sendable {
    /// The schema's name as an SQL identifier, quoted.
    let schema: String
    /// The name as it is, which is also the channel of its notifications.
    let schemaName: String

    package init(schema: String) {
        schemaName = schema
        self.schema =
            "\"" + schema.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    // MARK: look up, list

    package func executions(_ ids: [ExecutionID]) -> SQL {
        """
        \(unescaped: selectExecution)
        where e.id = any(\(ids.map(\.bits)))
        """
    }

    /// The executions that are finished, and those that are not known: of these, the id alone.
    ///
    /// What is finished has no lease to look for.
    package func settled(among ids: [ExecutionID], limit: Int) -> SQL {
        """
        select asked.id, \(unescaped: executionColumns)
        from unnest(\(ids.map(\.bits))) as asked (id)
        left join \(unescaped: schema).executions e on e.id = asked.id
        left join \(unescaped: schema).leases l on false
        where e.id is null or e.final_status is not null
        limit \(unescaped: String(max(0, limit)))
        """
    }

    /// Walks the primary key from the newest execution down until enough match.
    ///
    /// The limit is part of the text: a planner that does not know it plans for a tenth of all executions.
    package func list(_ query: ExecutionQuery) -> SQL {
        let statuses = query.statuses.map(\.rawValue)
        return """
            \(unescaped: selectExecution)
            where e.id < \(query.before?.bits ?? .max)
                and (\(query.taskID == nil) or e.task_id = \(query.taskID?.rawValue))
                and (\(statuses.isEmpty) or \(unescaped: Self.status) = any(\(statuses)))
            order by e.id desc
            limit \(unescaped: String(max(0, query.limit)))
            """
    }

    /// Children and finalize executions of these attempts of these parents, in order, the finalize execution last.
    package func children(of parents: [(id: ExecutionID, attempt: Int)]) -> SQL {
        """
        select c.parent_id, c.id, c.task_id, c.child_index
        from unnest(\(parents.map(\.id.bits)), \(parents.map { Int32($0.attempt) })) as asked (id, attempt)
        join \(unescaped: schema).executions c on c.parent_id = asked.id and c.parent_attempt = asked.attempt
        order by c.parent_id, c.child_index nulls last
        """
    }

    /// The attempts after which the execution went on, in order, with the names of their workers.
    package func attempts(of id: ExecutionID) -> SQL {
        """
        select a.attempt, a.worker_id, w.name, a.started_at, a.ended_at, a.ended_as, a.error
        from \(unescaped: schema).attempts a
        left join \(unescaped: schema).workers w on w.id = a.worker_id
        where a.execution_id = \(id.bits)
        order by a.attempt
        """
    }

    package func name(of worker: WorkerID) -> SQL {
        "select name from \(unescaped: schema).workers where id = \(worker.bits)"
    }

    /// Where an execution stands, from its row and where it has its other one.
    private static let status = """
        coalesce(
            e.final_status,
            case e.waits_for
                when 'children' then 'waiting_for_children'
                when 'finalize' then 'waiting_for_finalize'
                when 'wake_up' then 'running'
            end,
            case when l.execution_id is null then 'ready' else 'running' end)
        """

    private var selectExecution: String {
        """
        select e.id, \(executionColumns)
        from \(schema).executions e
        left join \(schema).leases l on l.execution_id = e.id
        """
    }

    /// The columns that `Execution.init(row:)` reads behind the id, in its order.
    ///
    /// `ready` and `waiting` are looked into row by row, and only for executions that stand there: joined, the planner would
    /// read and sort all of them for a page of which it does not know how short it is.
    private var executionColumns: String {
        """
        e.task_id, e.timeout_ms, e.sleep_ms_before_run, e.max_attempts, e.base_delay_ms, e.delay_multiplier,
        e.max_delay_ms, e.jitter, e.input, e.input_meta, \(Self.status),
        e.output, e.output_meta, e.error, e.retry_attempts, coalesce(
            e.attempt, l.attempt,
            (
                select r.attempt from \(schema).ready r
                where r.task_id = e.task_id and r.priority = e.priority and r.start_at = e.start_at
                    and r.execution_id = e.id),
            0),
        e.lease_losses, coalesce(e.worker_id, l.worker_id), e.created_at, greatest(e.updated_at, l.started_at),
        e.start_at, coalesce(e.started_at, l.started_at), e.finished_at, e.priority, e.plan, e.expires_at,
        e.waiting_for_children_at, e.waiting_for_finalize_at,
        case e.waits_for
            when 'children' then
                coalesce((select w.active_children from \(schema).waiting w where w.execution_id = e.id), 0)
            else 0
        end,
        \(Self.family)
        """
    }

    /// The columns that `Row.family(from:)` reads, in its order.
    static let family = """
        e.root_id, e.root_task_id, e.parent_id, e.parent_task_id, e.parent_attempt, e.child_index, e.is_only_child
        """

    // MARK: tasks

    /// Writes definitions; returns the ids of those that were there already and differed.
    package func register(_ tasks: [TaskDefinition]) -> SQL {
        let options = tasks.map(\.options)
        let retries = options.map(\.retryOptions)
        return """
            insert into \(unescaped: schema).tasks as t (
                id, registered_at, timeout_ms, sleep_ms_before_run, max_attempts, base_delay_ms, delay_multiplier,
                max_delay_ms, jitter, plan)
            select
                id, \(unescaped: schema).clock(), timeout_ms, sleep_ms, max_attempts, base, multiplier, longest, jitter, plan
            from unnest(
                \(tasks.map(\.id.rawValue)), \(options.map(\.timeoutMs)), \(options.map(\.sleepMsBeforeRun)),
                \(retries.map { Int32($0.maxAttempts) }), \(retries.map { $0.baseDelayMs.map(Int32.init) }),
                \(retries.map(\.delayMultiplier)), \(retries.map { $0.maxDelayMs.map(Int32.init) }),
                \(retries.map(\.jitter)), \(json: tasks.map(\.kind.plan))
            ) as new (id, timeout_ms, sleep_ms, max_attempts, base, multiplier, longest, jitter, plan)
            order by id
            on conflict (id) do update
            set registered_at = excluded.registered_at, timeout_ms = excluded.timeout_ms,
                sleep_ms_before_run = excluded.sleep_ms_before_run, max_attempts = excluded.max_attempts,
                base_delay_ms = excluded.base_delay_ms, delay_multiplier = excluded.delay_multiplier,
                max_delay_ms = excluded.max_delay_ms, jitter = excluded.jitter, plan = excluded.plan
            where (t.timeout_ms, t.sleep_ms_before_run, t.max_attempts, t.base_delay_ms, t.delay_multiplier,
                   t.max_delay_ms, t.jitter, t.plan::text)
                is distinct from
                (excluded.timeout_ms, excluded.sleep_ms_before_run, excluded.max_attempts, excluded.base_delay_ms,
                 excluded.delay_multiplier, excluded.max_delay_ms, excluded.jitter, excluded.plan::text)
            returning t.id, (xmax <> 0)
            """
    }

    package var tasks: SQL {
        """
        select
            id, timeout_ms, sleep_ms_before_run, max_attempts, base_delay_ms, delay_multiplier, max_delay_ms, jitter, plan
        from \(unescaped: schema).tasks
        order by id
        """
    }
}
