package import DurableCore
package import LibPQ

/// What workers send.
extension Statements {
    // MARK: lease

    /// Leases what is due; one row a lease, or a single row of nulls.
    ///
    /// In front stands when the next is due; behind, whether there may be more in the queues leased from, the time that it
    /// is, and of which priority the queues are that were looked at and where new executions are to be expected.
    ///
    /// The claim reads `ready` by its primary key, queue by queue (a task and a priority), so it never touches what the worker
    /// does not serve, never passes over what is due later and, given a position, never over what it has passed before.
    /// Of many queues with one priority each that has something due gives a share, so that not much more is locked than is
    /// taken; where a share keeps something back, nothing of a lower priority is taken, and the answer says that more is due
    /// now. The claim holds its own worker row's key share lock: a worker that is declared lost meanwhile claims nothing.
    ///
    /// Three things are there for the planner, who would otherwise read and sort all that a task has to get at the first of
    /// it, or expect so much that it compiles the plan (`jit`) for 100 ms:
    /// - Inner limits are subqueries and come with an order, so that it takes them for a small part of what there is, read
    ///   by the index.
    /// - The outer one, a power of two so that there are few texts, tells how little it can be.
    /// - The range of priorities, which ends the recursion at a null, has it expect few of them.
    package func lease(_ request: LeaseRequest) -> SQL {
        let limit = min(request.limit, 1 << 30)
        let most = String(1 << (Int.bitWidth - (limit - 1).leadingZeroBitCount))
        let found =
            request.position.map { queues(behind: $0, of: request.tasks) } ?? queues(of: request.tasks, limit: limit)
        return """
            with recursive \(found), queue as materialized (
                select
                    task_id, priority, start_at, execution_id, row_number() over () as number,
                    case when queues > 1 then greatest(\(limit) * 2 / queues, 1) else \(limit) end as share
                from (
                    select
                        found.*,
                        count(*) filter (where start_at <= \(unescaped: schema).clock()) over (partition by priority)
                            as queues
                    from found
                ) as counted
            ), live as materialized (
                select id from \(unescaped: schema).workers
                where id = \(request.worker.bits) and ended_at is null
                for key share
            ), locked as materialized (
                select ready.ctid, ready.start_at, ready.execution_id, queue.priority, queue.number, queue.share
                from live
                cross join queue
                cross join lateral (
                    select * from (
                        select r.ctid, r.start_at, r.execution_id
                        from \(unescaped: schema).ready r
                        where r.task_id = queue.task_id and r.priority = queue.priority
                            and r.start_at <= \(unescaped: schema).clock()
                            and (r.start_at, r.execution_id) >= (queue.start_at, queue.execution_id)
                        order by r.start_at, r.execution_id
                        limit (select queue.share)
                        for update skip locked
                    ) as ready
                    limit \(unescaped: most)
                ) as ready
            ), kept_back as materialized (
                select max(priority) as priority
                from (select priority from locked group by number, priority, share having count(*) >= share) as full_share
            ), due as materialized (
                select ctid, priority
                from locked
                where priority >= coalesce((select priority from kept_back), priority)
                order by priority desc, start_at, execution_id
                limit \(limit)
            ), taken as (
                delete from \(unescaped: schema).ready
                where ctid = any(array(select ctid from due))
                returning execution_id, attempt + 1 as attempt
            ), leased as (
                insert into \(unescaped: schema).leases (execution_id, attempt, worker_id, started_at)
                select execution_id, attempt, \(request.worker.bits), \(unescaped: schema).clock() from taken
                returning execution_id, attempt, started_at
            ), next as (
                select case
                    when (select count(*) from due) = \(limit) then null
                    -- What a share kept back, or others have locked, is due as well.
                    when (select due from known) > (select count(*) from due)
                        or exists (select from kept_back where priority is not null) then 0
                    else (
                        select extract(epoch from min(later.start_at) - \(unescaped: schema).clock()) * 1000
                        from queue
                        cross join lateral (
                            select r.start_at
                            from \(unescaped: schema).ready r
                            where r.task_id = queue.task_id and r.priority = queue.priority
                                and r.start_at > \(unescaped: schema).clock()
                            order by r.start_at
                            limit 1
                        ) as later)
                end as due_ms
            )
            select
                next.due_ms::double precision, l.execution_id, l.attempt, l.started_at, e.task_id, e.timeout_ms,
                e.sleep_ms_before_run, e.max_attempts, e.base_delay_ms, e.delay_multiplier, e.max_delay_ms, e.jitter,
                e.input, e.input_meta, e.retry_attempts, e.lease_losses, e.error, e.traceparent, e.tracestate, e.plan,
                \(unescaped: Self.family), e.priority, e.start_at,
                exists (select from kept_back where priority is not null)
                    or (select count(*) from locked where priority >= (select min(priority) from due))
                        > (select count(*) from due),
                \(unescaped: schema).clock(),
                case when (select due from known) >= \(limit) * 2 then greatest((select min(priority) from queue), 0) else 0 end
            from next
            left join (leased l join \(unescaped: schema).executions e on e.id = l.execution_id) on true
            order by e.priority desc, e.start_at, e.id
            """
    }

    /// The queues of tasks, each from its first row on, down to the priority at which enough is due for two workers at once.
    ///
    /// `known` says how much is due in them. What is dead and not cleaned away yet is walked over where a queue's first row is
    /// looked for, and once more for each higher priority where a task has nothing but dead rows above its next one.
    private func queues(of tasks: [TaskID], limit: Int) -> SQL {
        """
        served as materialized (
            select task_id from unnest(\(tasks.map(\.rawValue))) as served (task_id)
        ), level as (
            select
                101 as priority, null::text[] as tasks, null::timestamptz[] as starts, null::uuid[] as ids,
                0::bigint as due
            union all
            select below.priority, queues.tasks, queues.starts, queues.ids, level.due + there.due
            from level
            cross join lateral (
                select max(top.priority) as priority
                from served
                cross join lateral (
                    select r.priority from \(unescaped: schema).ready r
                    where r.task_id = served.task_id and r.priority < level.priority
                    order by r.priority desc limit 1
                ) as top
            ) as below
            cross join lateral (
                select
                    array_agg(served.task_id) as tasks, array_agg(first.start_at) as starts,
                    array_agg(first.execution_id) as ids
                from served
                cross join lateral (
                    select r.start_at, r.execution_id from \(unescaped: schema).ready r
                    where r.task_id = served.task_id and r.priority = below.priority
                    order by r.start_at, r.execution_id
                    limit 1
                ) as first
            ) as queues
            cross join lateral (
                select count(*) as due
                from (
                    select
                    from unnest(queues.tasks, queues.starts, queues.ids) as queue (task_id, start_at, execution_id)
                    cross join lateral (
                        select from \(unescaped: schema).ready r
                        where r.task_id = queue.task_id and r.priority = below.priority
                            and r.start_at <= \(unescaped: schema).clock()
                            and (r.start_at, r.execution_id) >= (queue.start_at, queue.execution_id)
                        order by r.start_at, r.execution_id
                        limit (select \(limit * 2))
                    ) as due
                    limit (select \(limit * 2))
                ) as enough
            ) as there
            where level.priority between -100 and 101 and level.due < \(limit * 2)
        ), known as (
            select max(due) as due from level
        ), found as (
            select queue.task_id, level.priority, queue.start_at, queue.execution_id
            from level
            cross join unnest(level.tasks, level.starts, level.ids) as queue (task_id, start_at, execution_id)
        )
        """
    }

    /// The queues that a position names, as far as they are of these tasks and have rows from its place on.
    private func queues(behind position: LeasePosition, of tasks: [TaskID]) -> SQL {
        let served = Set(tasks)
        let places = position.places.filter { served.contains($0.key.taskID) }
        return """
            known as (
                select 0 as due
            ), found as (
                select place.task_id, place.priority, first.start_at, first.execution_id
                from unnest(
                    \(places.map(\.key.taskID.rawValue)), \(places.map { Int32($0.key.priority) }),
                    \(timestamp: places.map(\.value.startAt.microseconds)), \(places.map(\.value.executionID.bits))
                ) as place (task_id, priority, start_at, execution_id)
                cross join lateral (
                    select r.start_at, r.execution_id from \(unescaped: schema).ready r
                    where r.task_id = place.task_id and r.priority = place.priority
                        and (r.start_at, r.execution_id) >= (place.start_at, place.execution_id)
                    order by r.start_at, r.execution_id
                    limit 1
                ) as first
            )
            """
    }

    /// Waits for the worker's claims in flight; then it may be asked which leases there are.
    package func lock(_ worker: WorkerID) -> SQL {
        "select id from \(unescaped: schema).workers where id = \(worker.bits) for update"
    }

    package func leases(of worker: WorkerID) -> SQL {
        "select execution_id, attempt from \(unescaped: schema).leases where worker_id = \(worker.bits)"
    }

    // MARK: settle

    /// One settlement as the statement takes it.
    package struct Settling {
        let lease: LeaseID
        var finalStatus: String?
        var output: Payload = .undefined
        var error: [UInt8]?
        var delayMs: Double?
        var retries: Int32 = 0
        var losses: Int32 = 0
        /// How the attempt ended after which the execution goes on, as `attempts` names it.
        var endedAs: String?
    }

    /// Records what came of attempts; returns the leases that were still held.
    ///
    /// Deleting the lease is the fence: every other write joins what was deleted. A finished execution is written once; one
    /// that goes on gets a ready row again, and a line of history.
    ///
    /// Leases are looked up one by one, and then deleted where they were found: in a table of few rows and, while somebody
    /// holds an old snapshot, of many dead ones, the planner would rather walk over all of its index.
    package func settle(_ settlings: [Settling]) -> SQL {
        """
        with held as (
            delete from \(unescaped: schema).leases l
            using (
                select s.*, lease.place
                from unnest(
                    \(settlings.map(\.lease.executionID.bits)), \(settlings.map { Int32($0.lease.attempt) }),
                    \(settlings.map(\.finalStatus)), \(json: settlings.map(\.output.json)),
                    \(json: settlings.map(\.output.meta)), \(json: settlings.map(\.error)), \(settlings.map(\.delayMs)),
                    \(settlings.map(\.retries)), \(settlings.map(\.losses)), \(settlings.map(\.endedAs))
                ) as s (id, attempt, final_status, output, output_meta, error, delay_ms, retries, losses, ended_as)
                cross join lateral (
                    select l.ctid as place
                    from \(unescaped: schema).leases l
                    where l.execution_id = s.id and l.attempt = s.attempt
                    limit 1
                ) as lease
            ) as s
            where l.ctid = s.place
            returning s.*, l.worker_id, l.started_at
        ), finished as (
            update \(unescaped: schema).executions e
            set final_status = h.final_status, output = h.output, output_meta = h.output_meta, error = h.error,
                lease_losses = e.lease_losses + h.losses, attempt = h.attempt, worker_id = h.worker_id,
                started_at = h.started_at, finished_at = \(unescaped: schema).clock(),
                updated_at = \(unescaped: schema).clock()
            from held h
            where e.id = h.id and h.final_status is not null
            returning e.id, e.parent_id, e.parent_attempt, e.child_index, e.final_status, e.expires_at, false as has_descent
        ), \(unescaped: closing), again as (
            update \(unescaped: schema).executions e
            set error = coalesce(h.error, e.error), retry_attempts = e.retry_attempts + h.retries,
                lease_losses = e.lease_losses + h.losses,
                start_at = case when h.delay_ms is null then e.start_at else \(unescaped: schema).after_ms(h.delay_ms) end,
                updated_at = \(unescaped: schema).clock()
            from held h
            where e.id = h.id and h.final_status is null
            returning e.task_id, e.priority, e.start_at, e.id, h.attempt
        ), readied as (
            insert into \(unescaped: schema).ready (task_id, priority, start_at, execution_id, attempt)
            select task_id, priority, start_at, id, attempt from again
        ), told as (
            insert into \(unescaped: schema).attempts (execution_id, attempt, worker_id, started_at, ended_at, ended_as, error)
            select id, attempt, worker_id, started_at, \(unescaped: schema).clock(), ended_as, error
            from held
            where ended_as is not null
        )
        select id, attempt from held
        """
    }

    // MARK: register, renew, retire

    package func register(_ worker: WorkerRegistration) -> SQL {
        """
        insert into \(unescaped: schema).workers (id, name, lease_ms, tasks, started_at, renewed_at)
        values (\(worker.id.bits), \(worker.name), \(Int32(clamping: worker.leaseMs)), \(worker.tasks.map(\.rawValue)),
                \(unescaped: schema).clock(), \(unescaped: schema).clock())
        on conflict (id) do update set tasks = excluded.tasks
        """
    }

    package func workers(serving task: TaskID) -> SQL {
        """
        select count(*)
        from \(unescaped: schema).workers
        where ended_at is null and tasks @> array[\(task.rawValue)]
            and renewed_at + lease_ms * interval '1 millisecond' >= \(unescaped: schema).clock()
        """
    }

    /// Renews one row for all leases; returns whether the worker is alive, whether upkeep is due, whether reclaiming is, and
    /// of the leases named those that are gone.
    ///
    /// The one statement that an idle worker sends again and again: everything that has to be looked at periodically is
    /// looked at here, in tables that are short or by an index.
    package func renew(_ worker: WorkerID, holding leases: [LeaseID]) -> SQL {
        """
        with renewed as (
            update \(unescaped: schema).workers
            set renewed_at = \(unescaped: schema).clock()
            where id = \(worker.bits) and ended_at is null
            returning id
        )
        select
            exists (select from renewed),
            exists (select from \(unescaped: schema).closings)
                or exists (select from \(unescaped: schema).requests where applied_at is null)
                -- The first by the index; asked whether there is one, the planner may go through all to find it.
                or coalesce(
                    (select min(expires_at) from \(unescaped: schema).deadlines)
                        < \(unescaped: schema).clock() + interval '5 seconds',
                    false),
            exists (
                select from \(unescaped: schema).workers w
                where w.ended_at is null and w.id <> \(worker.bits)
                    and w.renewed_at + w.lease_ms * interval '1 millisecond' < \(unescaped: schema).clock())
                -- Which takes a walk over all leases, so only where a worker has ended lately.
                or exists (
                    select from \(unescaped: schema).workers
                    where ended_at > \(unescaped: schema).clock() - interval '5 minutes')
                and exists (
                    select from \(unescaped: schema).leases l
                    where not exists (
                        select from \(unescaped: schema).workers w where w.id = l.worker_id and w.ended_at is null)),
            named.id, named.attempt
        from (select) as always
        left join unnest(
            \(leases.map(\.executionID.bits)), \(leases.map { Int32($0.attempt) })
        ) as named (id, attempt)
            on (
                select l.worker_id from \(unescaped: schema).leases l
                where l.execution_id = named.id and l.attempt = named.attempt
            ) is distinct from \(worker.bits)
        """
    }

    package func retire(_ worker: WorkerID) -> SQL {
        """
        update \(unescaped: schema).workers
        set ended_at = \(unescaped: schema).clock(), ended_as = 'stopped'
        where id = \(worker.bits) and ended_at is null
        """
    }
}
