package import DurableCore
package import LibPQ

/// What storing executions sends.
extension Statements {
    /// Stores executions, each with the row that says where it stands.
    ///
    /// - Parameter again: The same ids may have been inserted before by a call whose fate is unknown; then nothing happens.
    package func insert(_ seeds: [Seed], again: Bool = false) -> SQL {
        let options = seeds.map(\.new.options)
        let retries = options.map(\.retryOptions)
        let families = seeds.map(\.family)
        let conflict = again ? "on conflict (id) do nothing" : ""
        return """
            with inserted as (
                insert into \(unescaped: schema).executions (
                    id, task_id, created_at, updated_at, start_at, timeout_ms, sleep_ms_before_run, max_attempts,
                    base_delay_ms, delay_multiplier, max_delay_ms, jitter, input, input_meta, traceparent, tracestate,
                    priority, plan, expires_in_ms, expires_at, waits_for, attempt, started_at, waiting_for_children_at,
                    root_id, root_task_id, parent_id, parent_task_id, parent_attempt, child_index, is_only_child)
                select
                    id, task_id, \(unescaped: schema).clock(), \(unescaped: schema).clock(),
                    \(unescaped: schema).after_ms(delay_ms), timeout_ms, sleep_ms, max_attempts,
                    base_delay_ms, delay_multiplier, max_delay_ms, jitter, input, input_meta, traceparent, tracestate,
                    priority, plan, expires_in_ms,
                    case when deadline_ms is not null then \(unescaped: schema).after_ms(deadline_ms) end, waits_for,
                    case when waits_for is not null then 0 end,
                    case when waits_for is not null then \(unescaped: schema).clock() end,
                    case when waits_for = 'children' then \(unescaped: schema).clock() end,
                    root_id, root_task_id, parent_id, parent_task_id, parent_attempt, child_index, is_only_child
                from unnest(
                    \(seeds.map(\.id.bits)), \(seeds.map(\.new.taskID.rawValue)), \(options.map(\.timeoutMs)),
                    \(seeds.map(\.delayMs)), \(options.map(\.sleepMsBeforeRun)),
                    \(retries.map { Int32($0.maxAttempts) }), \(retries.map { $0.baseDelayMs.map(Int32.init) }),
                    \(retries.map(\.delayMultiplier)), \(retries.map { $0.maxDelayMs.map(Int32.init) }),
                    \(retries.map(\.jitter)), \(json: seeds.map(\.new.input.json)), \(json: seeds.map(\.new.input.meta)),
                    \(seeds.map(\.trace?.traceparent)), \(seeds.map(\.trace?.tracestate)),
                    \(seeds.map { Int32($0.priority) }), \(json: seeds.map(\.new.kind.plan)), \(seeds.map(\.new.expiresInMs)),
                    \(seeds.map(\.deadlineMs)), \(seeds.map(\.place.waitsFor)),
                    \(families.map(\.?.root.executionID.bits)), \(families.map(\.?.root.taskID.rawValue)),
                    \(families.map(\.?.parent.executionID.bits)), \(families.map(\.?.parent.taskID.rawValue)),
                    \(families.map { ($0?.parentAttempt).map(Int32.init) }),
                    \(families.map { ($0?.childIndex).map(Int32.init) }), \(families.map(\.?.isOnlyChild))
                ) as new (
                    id, task_id, timeout_ms, delay_ms, sleep_ms, max_attempts, base_delay_ms, delay_multiplier, max_delay_ms,
                    jitter, input, input_meta, traceparent, tracestate, priority, plan, expires_in_ms, deadline_ms, waits_for,
                    root_id, root_task_id, parent_id, parent_task_id, parent_attempt, child_index, is_only_child)
                \(unescaped: conflict)
                returning task_id, priority, start_at, id, waits_for, expires_at
            ), dated as (
                insert into \(unescaped: schema).deadlines (expires_at, execution_id)
                select expires_at, id from inserted where expires_at is not null
            ), put as (
                insert into \(unescaped: schema).waiting (execution_id, attempt, active_children, waits_for)
                select id, 0, case waits_for when 'children' then 1 else 0 end, waits_for
                from inserted
                where waits_for is not null
            )
            insert into \(unescaped: schema).ready (task_id, priority, start_at, execution_id)
            select task_id, priority, start_at, id from inserted where waits_for is null
            """
    }

    /// Takes idempotency keys for executions that are about to be inserted; returns the executions that got theirs.
    ///
    /// Waits for another transaction that is taking the same key. Keys are taken in one order, so that two batches with
    /// the same keys cannot wait for each other.
    package func takeKeys(_ keys: [(taskID: TaskID, key: String, id: ExecutionID)]) -> SQL {
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
    package func keyHolders(_ keys: [(taskID: TaskID, key: String)]) -> SQL {
        """
        select k.task_id, k.key, e.id, e.input, e.input_meta
        from unnest(\(keys.map(\.taskID.rawValue)), \(keys.map(\.key))) as asked (task_id, key)
        join \(unescaped: schema).idempotency_keys k on k.task_id = asked.task_id and k.key = asked.key
        join \(unescaped: schema).executions e on e.id = k.execution_id
        for key share of e
        """
    }

    // MARK: names of sleepers

    /// Takes the names of sleepers that are about to be inserted; returns those that got theirs, and what a wake-up that
    /// came before them brought.
    ///
    /// A name that stands for another sleeper, or for the wake-up of another task, is not taken.
    package func takeNames(_ sleepers: [(uniqueID: String, taskID: TaskID, id: ExecutionID)]) -> SQL {
        """
        insert into \(unescaped: schema).sleepers as s (unique_id, task_id, execution_id)
        select unique_id, task_id, id
        from unnest(\(sleepers.map(\.uniqueID)), \(sleepers.map(\.taskID.rawValue)), \(sleepers.map(\.id.bits)))
            as new (unique_id, task_id, id)
        order by unique_id
        on conflict (unique_id) do update
        set execution_id = excluded.execution_id, task_id = excluded.task_id,
            woken_as = case when s.kept_until > \(unescaped: schema).clock() then s.woken_as end,
            kept_until = null
        where s.execution_id = excluded.execution_id
            or s.execution_id is null
                and (s.task_id = excluded.task_id or s.kept_until <= \(unescaped: schema).clock())
        returning execution_id, woken_as, output, output_meta, error
        """
    }
}

extension Seed.Place {
    /// As the column of that name has it.
    fileprivate var waitsFor: String? {
        switch self {
        case .ready: nil
        case .asleep: "wake_up"
        case .waitingForChildren: "children"
        }
    }
}

extension Family {
    fileprivate var childIndex: Int? {
        if case .child(let index, _) = role { index } else { nil }
    }

    fileprivate var isOnlyChild: Bool? {
        if case .child(_, let isOnly) = role { isOnly } else { nil }
    }
}
