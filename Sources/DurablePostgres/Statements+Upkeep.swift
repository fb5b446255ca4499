package import DurableCore
package import LibPQ

/// What upkeep and signals send.
extension Statements {
    /// Declares workers lost that did not renew in time.
    ///
    /// `for update` waits for their claims in flight, so that whoever looks at their leases afterwards sees all of them.
    package var loseWorkers: SQL {
        """
        update \(unescaped: schema).workers
        set ended_at = \(unescaped: schema).clock(), ended_as = 'lost'
        where id in (
            select id from \(unescaped: schema).workers
            where ended_at is null
                and renewed_at + lease_ms * interval '1 millisecond' < \(unescaped: schema).clock()
            order by id
            for update)
        """
    }

    /// Locks leases that have no live worker, and reads what deciding about them takes.
    package func orphans(limit: Int) -> SQL {
        """
        select l.execution_id, l.attempt, e.retry_attempts, e.lease_losses, e.max_attempts, e.task_id
        from \(unescaped: schema).leases l
        join \(unescaped: schema).executions e on e.id = l.execution_id
        where not exists (
            select from \(unescaped: schema).workers w where w.id = l.worker_id and w.ended_at is null)
        order by l.execution_id
        limit \(limit)
        for update of l skip locked
        """
    }

    /// Deletes, of the next `limit` executions by id, those that finished long enough ago; returns how many there were,
    /// how many are gone, and the last id looked at.
    ///
    /// A tree stays until its root may go: until then somebody may ask for its parts.
    ///
    /// Ids are ordered by time of enqueue, so this walks the primary key and needs no index on times; it ends at the ids
    /// that are too young to have finished that long ago.
    package func prune(finishedForMs ageMs: Double, from cursor: ExecutionID?, limit: Int) -> SQL {
        """
        with bounds as (
            select \(unescaped: schema).clock() - least(\(ageMs), 3e12) * interval '1 millisecond' as horizon
        ), page as materialized (
            select e.id, e.finished_at <= bounds.horizon as is_old
            from bounds
            cross join lateral (
                select id, finished_at from \(unescaped: schema).executions
                where id > \(cursor?.bits ?? 0) and id < (
                    lpad(to_hex(greatest(extract(epoch from bounds.horizon) * 1000 + 60000, 0)::bigint), 12, '0')
                    || repeat('0', 20))::uuid
                order by id
                limit \(limit)
            ) as e
        ), gone as (
            delete from \(unescaped: schema).executions e
            using page
            where e.id = page.id and page.is_old and e.finished_at is not null
                and (e.root_id is null or not exists (
                    select from \(unescaped: schema).executions r
                    where r.id = e.root_id
                        and (r.finished_at is null or r.finished_at > (select horizon from bounds))))
            returning e.id
        ), forgotten as (
            delete from \(unescaped: schema).attempts a using gone where a.execution_id = gone.id
        ), untold as (
            delete from \(unescaped: schema).closings c using gone where c.execution_id = gone.id
        )
        select
            (select count(*) from page), (select count(*) from gone),
            (select id from page order by id desc limit 1)
        """
    }

    /// Forgets workers that ended that long ago.
    package func pruneWorkers(endedForMs ageMs: Double) -> SQL {
        """
        delete from \(unescaped: schema).workers
        where ended_at < \(unescaped: schema).clock() - least(\(ageMs), 3e12) * interval '1 millisecond'
        """
    }

    /// Forgets wake-ups that nobody came for in time.
    package var pruneWakeUps: SQL {
        """
        delete from \(unescaped: schema).sleepers
        where execution_id is null and kept_until <= \(unescaped: schema).clock()
        """
    }

    /// Forgets requests that were applied that long ago.
    package func pruneRequests(appliedForMs ageMs: Double) -> SQL {
        """
        delete from \(unescaped: schema).requests
        where applied_at < \(unescaped: schema).clock() - least(\(ageMs), 3e12) * interval '1 millisecond'
        """
    }

    /// Notifies all listeners.
    ///
    /// The commit need not wait for the disk: there is nothing to lose.
    package func notify(_ signals: [Signal]) -> SQL {
        """
        select set_config('synchronous_commit', 'off', true), pg_notify(\(schemaName), signal)
        from unnest(\(signals.map(\.rawValue))) as signal
        """
    }
}
