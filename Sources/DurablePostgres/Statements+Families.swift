package import DurableCore
package import LibPQ

/// What parents and their children send.
extension Statements {
    // MARK: an attempt ends with children

    /// Takes the lease away from an attempt that ends with children; returns nothing when it was no longer held.
    package func takeLease(_ lease: LeaseID) -> SQL {
        """
        with held as (
            delete from \(unescaped: schema).leases
            where execution_id = \(lease.executionID.bits) and attempt = \(Int32(lease.attempt))
            returning execution_id, attempt, worker_id, started_at
        )
        update \(unescaped: schema).executions e
        set attempt = held.attempt, worker_id = held.worker_id, started_at = held.started_at, error = null,
            waits_for = 'children', waiting_for_children_at = \(unescaped: schema).clock(),
            updated_at = \(unescaped: schema).clock()
        from held
        where e.id = held.execution_id
        returning \(unescaped: Self.parent)
        """
    }

    /// Has an execution that is not in any place wait, after ``takeLease(_:)``.
    package func wait(_ id: ExecutionID, attempt: Int, for children: Int, carrying output: Payload) -> SQL {
        """
        with carried as (
            update \(unescaped: schema).executions
            set carried = \(json: output.json), carried_meta = \(json: output.meta)
            where id = \(id.bits)
        )
        insert into \(unescaped: schema).waiting (execution_id, attempt, active_children, waits_for)
        values (\(id.bits), \(Int32(attempt)), \(Int32(children)), 'children')
        """
    }

    // MARK: executions end, and their relatives are told

    /// The next executions whose relatives have to be told; locked.
    package func closings(limit: Int) -> SQL {
        """
        select execution_id, parent_id, parent_attempt, is_finalize, has_completed, has_descent
        from \(unescaped: schema).closings
        order by execution_id
        limit \(limit)
        for update skip locked
        """
    }

    package func forget(closings ids: [ExecutionID]) -> SQL {
        "delete from \(unescaped: schema).closings where execution_id = any(\(ids.map(\.bits)))"
    }

    /// Counts ended children, for all parents at once; returns the parents that still wait for them.
    package func count(_ ended: [Ended]) -> SQL {
        """
        with told as materialized (
            select * from unnest(
                \(ended.map(\.parent.bits)), \(ended.map { Int32($0.attempt) }), \(ended.map(\.isFinalize)),
                \(ended.map { Int32($0.count) })
            ) as told (id, attempt, is_finalize, count)
        ), locked as materialized (
            select w.execution_id, told.count
            from told
            join \(unescaped: schema).waiting w
                on w.execution_id = told.id and w.attempt = told.attempt
                    and w.waits_for = case when told.is_finalize then 'finalize' else 'children' end
            order by w.execution_id
            for update of w
        )
        update \(unescaped: schema).waiting w
        set active_children = greatest(w.active_children - locked.count, 0)
        from locked
        where w.execution_id = locked.execution_id
        returning w.execution_id, w.active_children
        """
    }

    /// Children of one attempt of one parent that ended, as `count(_:)` takes them.
    package struct Ended {
        let parent: ExecutionID
        let attempt: Int
        let isFinalize: Bool
        var count: Int

        package init(parent: ExecutionID, attempt: Int, isFinalize: Bool, count: Int) {
            self.parent = parent
            self.attempt = attempt
            self.isFinalize = isFinalize
            self.count = count
        }
    }

    /// What deciding about waiting parents takes.
    package func parents(_ ids: [ExecutionID]) -> SQL {
        """
        select \(unescaped: Self.parent)
        from \(unescaped: schema).executions e
        where e.id = any(\(ids.map(\.bits)))
        order by e.id
        """
    }

    /// The columns that `Parent.init(row:)` reads, in its order.
    private static let parent = """
        e.id, e.task_id, e.attempt, e.waits_for, e.plan, e.priority, e.traceparent, e.tracestate,
        e.carried, e.carried_meta, e.input, e.input_meta, e.root_id, e.root_task_id
        """

    /// How the children of a parent's attempt ended, in order.
    package func ends(of parent: ExecutionID, attempt: Int) -> SQL {
        """
        \(unescaped: selectEnd)
        where parent_id = \(parent.bits) and parent_attempt = \(Int32(attempt)) and child_index is not null
        order by child_index
        """
    }

    /// How these executions ended.
    package func ends(of ids: [ExecutionID]) -> SQL {
        """
        \(unescaped: selectEnd)
        where id = any(\(ids.map(\.bits)))
        """
    }

    /// How many bytes of JSON the outputs of a parent's children are together.
    package func sizeOfOutputs(of parent: ExecutionID, attempt: Int) -> SQL {
        """
        select coalesce(sum(octet_length(output::text)), 0)::bigint
        from \(unescaped: schema).executions
        where parent_id = \(parent.bits) and parent_attempt = \(Int32(attempt)) and child_index is not null
        """
    }

    /// How many members a sequence or loop has brought: it brings them in order, so the last one tells.
    package func numberOfChildren(of parent: ExecutionID, attempt: Int) -> SQL {
        """
        select coalesce((
            select child_index + 1
            from \(unescaped: schema).executions
            where parent_id = \(parent.bits) and parent_attempt = \(Int32(attempt)) and child_index is not null
            order by child_index desc
            limit 1), 0)
        """
    }

    /// The columns that `ChildEnd.init(row:)` reads, in its order.
    private var selectEnd: String {
        "select id, task_id, child_index, final_status, output, output_meta, error, parent_id from \(schema).executions"
    }

    /// Has a waiting parent wait for one more: its next member, or its finalize execution.
    package func waitOn(_ id: ExecutionID, for waitsFor: String) -> SQL {
        """
        with waits as (
            update \(unescaped: schema).waiting
            set active_children = 1, waits_for = \(waitsFor)
            where execution_id = \(id.bits)
        )
        update \(unescaped: schema).executions
        set waits_for = \(waitsFor),
            waiting_for_finalize_at = case when \(waitsFor == "finalize") then \(unescaped: schema).clock() end,
            updated_at = \(unescaped: schema).clock()
        where id = \(id.bits)
        """
    }

    /// Unfinished children and finalize executions of an execution that has ended, and why they are cancelled.
    package func descent(of ids: [ExecutionID], limit: Int) -> SQL {
        """
        select c.id, e.task_id, e.id, e.error
        from unnest(\(ids.map(\.bits))) as asked (id)
        join \(unescaped: schema).executions e on e.id = asked.id and e.final_status <> 'completed'
        join \(unescaped: schema).executions c
            on c.parent_id = e.id and c.parent_attempt = e.attempt and c.final_status is null
        limit \(limit)
        """
    }

    // MARK: deadlines

    package func overdue(limit: Int) -> SQL {
        """
        select execution_id
        from \(unescaped: schema).deadlines
        where expires_at <= \(unescaped: schema).clock()
        order by expires_at, execution_id
        limit \(limit)
        for update skip locked
        """
    }

    /// Milliseconds until the next deadline; no row when there is none.
    package var nextDeadline: SQL {
        """
        select (extract(epoch from expires_at - \(unescaped: schema).clock()) * 1000)::double precision
        from \(unescaped: schema).deadlines
        where expires_at > \(unescaped: schema).clock()
        order by expires_at
        limit 1
        """
    }

    // MARK: requests

    /// Takes requests that nobody has taken, or not brought to an end.
    package func claimRequests(limit: Int) -> SQL {
        """
        update \(unescaped: schema).requests
        set claimed_at = \(unescaped: schema).clock()
        where id in (
            select id from \(unescaped: schema).requests
            where applied_at is null
                and (claimed_at is null or claimed_at < \(unescaped: schema).clock() - interval '10 seconds')
            order by requested_at
            limit \(limit)
            for update skip locked)
        returning id, verb, execution_id, task_id, unique_id, output, failure
        """
    }

    package func applied(_ request: UInt128, _ result: String) -> SQL {
        """
        update \(unescaped: schema).requests
        set applied_at = \(unescaped: schema).clock(), result = \(result)
        where id = \(request)
        """
    }
}
