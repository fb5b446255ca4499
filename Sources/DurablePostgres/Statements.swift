import DurableCore
import LibPQ

/// Every statement that producers and readers send.
///
/// Its neighbours: `Statements+Workers.swift`, `Statements+Upkeep.swift`.
///
/// All runtime SQL of the program lives in these files, qualified with the schema, so that it needs no session state.
struct Statements: Sendable {
    /// The schema's name as an SQL identifier, quoted.
    let schema: String
    /// The name as it is, which is also the channel of its notifications.
    let schemaName: String

    init(schema: String) {
        schemaName = schema
        self.schema =
            "\"" + schema.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }

    // MARK: insert

    /// Stores executions and makes them ready.
    ///
    /// - Parameter again: The same ids may have been inserted before by a call whose fate is unknown; then nothing happens.
    func insert(_ new: [(id: ExecutionID, execution: NewExecution)], again: Bool) -> SQL {
        let options = new.map(\.execution.options)
        let retries = options.map(\.retryOptions)
        let conflict = again ? "on conflict (id) do nothing" : ""
        return """
            with inserted as (
                insert into \(unescaped: schema).executions (
                    id, task_id, created_at, updated_at, start_at, timeout_ms, sleep_ms_before_run, max_attempts,
                    base_delay_ms, delay_multiplier, max_delay_ms, jitter, input, input_meta, traceparent, tracestate)
                select
                    id, task_id, \(unescaped: schema).clock(), \(unescaped: schema).clock(),
                    \(unescaped: schema).after_ms(sleep_ms), timeout_ms, sleep_ms, max_attempts,
                    base_delay_ms, delay_multiplier, max_delay_ms, jitter, input, input_meta, traceparent, tracestate
                from unnest(
                    \(new.map(\.id.bits)), \(new.map(\.execution.taskID.rawValue)), \(options.map(\.timeoutMs)),
                    \(options.map(\.sleepMsBeforeRun)), \(retries.map { Int32($0.maxAttempts) }),
                    \(retries.map { $0.baseDelayMs.map(Int32.init) }), \(retries.map(\.delayMultiplier)),
                    \(retries.map { $0.maxDelayMs.map(Int32.init) }), \(retries.map(\.jitter)),
                    \(json: new.map(\.execution.input.json)), \(json: new.map(\.execution.input.meta)),
                    \(new.map(\.execution.trace?.traceparent)), \(new.map(\.execution.trace?.tracestate))
                ) as new (
                    id, task_id, timeout_ms, sleep_ms, max_attempts, base_delay_ms, delay_multiplier, max_delay_ms, jitter,
                    input, input_meta, traceparent, tracestate)
                \(unescaped: conflict)
                returning task_id, start_at, id
            )
            insert into \(unescaped: schema).ready (task_id, start_at, execution_id)
            select task_id, start_at, id from inserted
            """
    }

    /// Takes idempotency keys for executions that are about to be inserted; returns the executions that got theirs.
    ///
    /// Waits for another transaction that is taking the same key. Keys are taken in one order, so that two batches with
    /// the same keys cannot wait for each other.
    func takeKeys(_ keys: [(taskID: TaskID, key: String, id: ExecutionID)]) -> SQL {
        """
        insert into \(unescaped: schema).idempotency_keys (task_id, key, execution_id)
        select task_id, key, id
        from unnest(\(keys.map(\.taskID.rawValue)), \(keys.map(\.key)), \(keys.map(\.id.bits))) as new (task_id, key, id)
        order by task_id, key
        on conflict (task_id, key) do nothing
        returning execution_id
        """
    }

    /// The executions that hold these keys, with their inputs.
    ///
    /// Locks them, so that pruning cannot take them away before the answer is given.
    func keyHolders(_ keys: [(taskID: TaskID, key: String)]) -> SQL {
        """
        select k.task_id, k.key, e.id, e.input, e.input_meta
        from unnest(\(keys.map(\.taskID.rawValue)), \(keys.map(\.key))) as asked (task_id, key)
        join \(unescaped: schema).idempotency_keys k on k.task_id = asked.task_id and k.key = asked.key
        join \(unescaped: schema).executions e on e.id = k.execution_id
        for key share of e
        """
    }

    // MARK: look up, list

    func executions(_ ids: [ExecutionID]) -> SQL {
        """
        \(unescaped: selectExecution)
        where e.id = any(\(ids.map(\.bits)))
        """
    }

    /// Which of the executions are finished or gone.
    func settled(among ids: [ExecutionID]) -> SQL {
        """
        select asked.id
        from unnest(\(ids.map(\.bits))) as asked (id)
        left join \(unescaped: schema).executions e on e.id = asked.id
        where e.id is null or e.final_status is not null
        """
    }

    /// Walks the primary key from the newest execution down until enough match.
    func list(_ query: ExecutionQuery) -> SQL {
        let finished = query.statuses.filter(\.isFinished).map(\.rawValue)
        let mayBeReady = query.statuses.isEmpty || query.statuses.contains(.ready)
        let mayBeRunning = query.statuses.isEmpty || query.statuses.contains(.running)
        return """
            \(unescaped: selectExecution)
            where (\(query.before == nil) or e.id < \(query.before?.bits))
                and (\(query.taskID == nil) or e.task_id = \(query.taskID?.rawValue))
                and case
                    when e.final_status is not null then \(query.statuses.isEmpty) or e.final_status = any(\(finished))
                    when l.execution_id is null then \(mayBeReady)
                    else \(mayBeRunning)
                end
            order by e.id desc
            limit \(max(0, query.limit))
            """
    }

    /// The columns that `Execution.init(row:)` reads, in its order.
    private var selectExecution: String {
        """
        select
            e.id, e.task_id, e.timeout_ms, e.sleep_ms_before_run, e.max_attempts, e.base_delay_ms, e.delay_multiplier,
            e.max_delay_ms, e.jitter, e.input, e.input_meta,
            coalesce(e.final_status, case when l.execution_id is null then 'ready' else 'running' end),
            e.output, e.output_meta, e.error, e.retry_attempts, coalesce(e.attempt, l.attempt, r.attempt, 0),
            e.lease_losses, coalesce(e.worker_id, l.worker_id), e.created_at, greatest(e.updated_at, l.started_at),
            e.start_at, coalesce(e.started_at, l.started_at), e.finished_at
        from \(schema).executions e
        left join \(schema).leases l on l.execution_id = e.id
        left join \(schema).ready r on r.task_id = e.task_id and r.start_at = e.start_at and r.execution_id = e.id
        """
    }

    // MARK: cancel

    /// Cancels what is ready or leased; returns the executions that this statement cancelled.
    ///
    /// An execution that moves between the two meanwhile escapes it: the caller looks and tries again.
    func cancel(_ ids: [ExecutionID], error: [UInt8]) -> SQL {
        """
        with unleased as (
            delete from \(unescaped: schema).leases
            where execution_id = any(\(ids.map(\.bits)))
            returning execution_id, attempt, worker_id, started_at
        ), unready as (
            delete from \(unescaped: schema).ready r
            using \(unescaped: schema).executions e
            where e.id = any(\(ids.map(\.bits))) and e.final_status is null
                and r.task_id = e.task_id and r.start_at = e.start_at and r.execution_id = e.id
            returning r.execution_id, r.attempt
        ), taken as (
            select execution_id, attempt, worker_id, started_at from unleased
            union all
            select execution_id, attempt, null, null from unready
        )
        update \(unescaped: schema).executions e
        set final_status = 'cancelled', error = \(json: error), attempt = taken.attempt, worker_id = taken.worker_id,
            started_at = taken.started_at, finished_at = \(unescaped: schema).clock(),
            updated_at = \(unescaped: schema).clock()
        from taken
        where e.id = taken.execution_id
        returning e.id
        """
    }

    // MARK: tasks

    /// Writes definitions; returns the ids of those that were there already and differed.
    func register(_ tasks: [TaskDefinition]) -> SQL {
        let options = tasks.map(\.options)
        let retries = options.map(\.retryOptions)
        return """
            insert into \(unescaped: schema).tasks as t (
                id, registered_at, timeout_ms, sleep_ms_before_run, max_attempts, base_delay_ms, delay_multiplier,
                max_delay_ms, jitter)
            select id, \(unescaped: schema).clock(), timeout_ms, sleep_ms, max_attempts, base, multiplier, longest, jitter
            from unnest(
                \(tasks.map(\.id.rawValue)), \(options.map(\.timeoutMs)), \(options.map(\.sleepMsBeforeRun)),
                \(retries.map { Int32($0.maxAttempts) }), \(retries.map { $0.baseDelayMs.map(Int32.init) }),
                \(retries.map(\.delayMultiplier)), \(retries.map { $0.maxDelayMs.map(Int32.init) }),
                \(retries.map(\.jitter))
            ) as new (id, timeout_ms, sleep_ms, max_attempts, base, multiplier, longest, jitter)
            order by id
            on conflict (id) do update
            set registered_at = excluded.registered_at, timeout_ms = excluded.timeout_ms,
                sleep_ms_before_run = excluded.sleep_ms_before_run, max_attempts = excluded.max_attempts,
                base_delay_ms = excluded.base_delay_ms, delay_multiplier = excluded.delay_multiplier,
                max_delay_ms = excluded.max_delay_ms, jitter = excluded.jitter
            where (t.timeout_ms, t.sleep_ms_before_run, t.max_attempts, t.base_delay_ms, t.delay_multiplier,
                   t.max_delay_ms, t.jitter)
                is distinct from
                (excluded.timeout_ms, excluded.sleep_ms_before_run, excluded.max_attempts, excluded.base_delay_ms,
                 excluded.delay_multiplier, excluded.max_delay_ms, excluded.jitter)
            returning t.id, (xmax <> 0)
            """
    }

    var tasks: SQL {
        """
        select id, timeout_ms, sleep_ms_before_run, max_attempts, base_delay_ms, delay_multiplier, max_delay_ms, jitter
        from \(unescaped: schema).tasks
        order by id
        """
    }
}
