--! breaking-change
-- Executions that wait for others: parents, sequences, loops, sleepers. Priorities, deadlines, retries by hand, and
-- functions for people.
--
-- Takes short exclusive locks on executions and ready: the new columns are empty, and only the indexes are built, one of
-- them over no row. Workers of the version before must be stopped: they would not tell parents of their children's ends.

alter table executions
    add column expires_at              timestamptz,
    add column waiting_for_children_at timestamptz,
    add column waiting_for_finalize_at timestamptz,
    add column expires_in_ms           bigint,
    add column parent_attempt          integer,
    add column child_index             integer,
    add column priority                smallint not null default 0,
    add column is_only_child           boolean,
    add column root_id                 uuid,
    add column parent_id               uuid,
    add column root_task_id            text collate "C",
    add column parent_task_id          text collate "C",
    add column waits_for               text collate "C",
    add column plan                    json,
    add column carried                 json,
    add column carried_meta            json,

    drop constraint executions_final_status_check,
    drop constraint finished_when_it_has_a_final_status,

    -- Not validated, because that would read the whole table under the lock: old rows hold them all.
    add constraint known_final_status
        check (final_status in ('completed', 'failed', 'timed_out', 'finalize_failed', 'cancelled')) not valid,
    add constraint known_wait check (waits_for in ('children', 'finalize', 'wake_up')) not valid,
    add constraint finished_when_it_has_a_final_status
        check ((final_status is null) = (finished_at is null) and (final_status is null or waits_for is null)) not valid,
    add constraint attempt_when_in_neither_ready_nor_leases
        check ((final_status is null and waits_for is null) = (attempt is null)) not valid,
    add constraint small_priority check (priority between -100 and 100) not valid,
    add constraint positive_expiry check (expires_in_ms >= 1) not valid,
    add constraint waits_since_a_time
        check (
            (waits_for is distinct from 'children' or waiting_for_children_at is not null)
            and (waits_for is distinct from 'finalize' or waiting_for_finalize_at is not null)
        ) not valid,
    add constraint child_of_a_parent
        check (
            (parent_id is null) = (parent_attempt is null) and (parent_id is null) = (root_id is null)
            and (parent_id is null) = (parent_task_id is null) and (parent_id is null) = (root_task_id is null)
            and (child_index is null) = (is_only_child is null) and (child_index is null or parent_id is not null)
        ) not valid;

-- Exactly one child of each index, and exactly one finalize execution (without index), for each attempt of a parent.
create unique index executions_of_parent on executions (parent_id, parent_attempt, child_index) nulls not distinct
    where parent_id is not null;

comment on index executions_of_parent is 'Serves reading and cancelling children. Its uniqueness is what allows one finalize only.';
comment on column executions.expires_at is 'When it is timed out unless it has ended; the same as in deadlines.';
comment on column executions.waiting_for_children_at is 'When its children were stored.';
comment on column executions.waiting_for_finalize_at is 'When its finalize execution was stored.';
comment on column executions.expires_in_ms is 'How long it may take altogether, retries and children included; null is no limit.';
comment on column executions.parent_attempt is 'The attempt of the parent that brought it; a parent retried by hand brings new children.';
comment on column executions.child_index is 'Its place among the parent''s children, from 0; null for a finalize execution.';
comment on column executions.priority is 'Higher is leased first; the same as in ready.';
comment on column executions.is_only_child is 'Whether the parent has no other child.';
comment on column executions.root_id is 'The execution that somebody enqueued and that this one descends from.';
comment on column executions.parent_id is 'The execution whose child or finalize execution this is.';
comment on column executions.root_task_id is 'The task of root_id.';
comment on column executions.parent_task_id is 'The task of parent_id.';
comment on column executions.waits_for is
    'children: waiting_for_children; finalize: waiting_for_finalize; wake_up: asleep (status running); null: ready, running or finished.';
comment on column executions.plan is
    'How it proceeds, fixed at enqueue: null for a single task, else {parent | sequence | loop | sleeping: …} with the '
    'definitions of the tasks that it will run.';
comment on column executions.carried is 'What its attempt answered together with children, kept until they have ended.';
comment on column executions.carried_meta is 'oRPC type annotations of carried.';

------------------------------------------------------------------------------------------------------------------------

alter table ready
    add column priority smallint not null default 0,
    drop constraint ready_pkey,
    -- Serves the claim: per task and priority, oldest first.
    add primary key (task_id, priority, start_at, execution_id);

comment on column ready.priority is 'Higher is leased first; the same as in executions.';

create table waiting (
    execution_id    uuid             not null primary key,
    attempt         integer          not null check (attempt >= 0),
    active_children integer          not null check (active_children >= 0),
    waits_for       text collate "C" not null check (waits_for in ('children', 'finalize', 'wake_up'))
) with (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);

comment on table waiting is
    'Executions that wait for children, for their finalize execution or to be woken up. An unfinished execution has one row '
    'here, in ready or in leases; taking it away is the right to decide what becomes of it.';
comment on column waiting.execution_id is 'The execution.';
comment on column waiting.attempt is 'Its attempt that brought the children; only children of that attempt count.';
comment on column waiting.active_children is 'How many of them have not ended, or have not been counted yet (see closings).';
comment on column waiting.waits_for is 'The same as in executions.';

create table closings (
    parent_attempt integer,
    execution_id   uuid    not null primary key,
    parent_id      uuid,
    is_finalize    boolean not null,
    has_completed  boolean not null,
    has_descent    boolean not null
) with (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);

comment on table closings is
    'Executions that have ended and whose relatives have yet to be told: the parent counts its children here, many at '
    'once, so that its own row is not written for each; the descent of one that did not complete is cancelled.';
comment on column closings.parent_attempt is 'See executions.';
comment on column closings.execution_id is 'The execution that ended.';
comment on column closings.parent_id is 'See executions.';
comment on column closings.is_finalize is 'Whether it is its parent''s finalize execution.';
comment on column closings.has_completed is 'Whether it completed.';
comment on column closings.has_descent is 'Whether it has children that may have to be cancelled.';

create table deadlines (
    expires_at   timestamptz not null,
    execution_id uuid        not null,

    primary key (expires_at, execution_id)
) with (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000
);

comment on table deadlines is 'When unfinished executions are timed out, of those that have a time.';
comment on column deadlines.expires_at is 'The same as in executions.';
comment on column deadlines.execution_id is 'The execution.';

create table sleepers (
    kept_until   timestamptz,
    -- Deferred, because a name is taken before its execution is written.
    execution_id uuid references executions on delete cascade deferrable initially deferred,
    unique_id    text collate "C" not null primary key,
    task_id      text collate "C" not null,
    woken_as     text check (woken_as in ('completed', 'failed')),
    output       json,
    output_meta  json,
    error        json,

    constraint sleeper_or_wake_up check (execution_id is not null or woken_as is not null and kept_until is not null)
);

create index sleepers_of_execution on sleepers (execution_id) where execution_id is not null;
create index sleepers_kept on sleepers (kept_until) where execution_id is null;

comment on table sleepers is 'Names that executions are woken up by: of executions, and of wake-ups that came before theirs.';
comment on column sleepers.kept_until is 'Until when a wake-up waits for its sleeper.';
comment on column sleepers.execution_id is 'The sleeper; null as long as only the wake-up is there.';
comment on column sleepers.unique_id is 'The name, unique over all tasks as long as we still have the execution.';
comment on column sleepers.task_id is 'The sleeping task.';
comment on column sleepers.woken_as is 'What a wake-up that came early makes of its sleeper.';
comment on column sleepers.output is 'The output that it brought.';
comment on column sleepers.output_meta is 'oRPC type annotations of output.';
comment on column sleepers.error is 'The error that it brought.';
comment on index sleepers_of_execution is 'Serves pruning: deleting an execution deletes its name.';
comment on index sleepers_kept is 'Serves forgetting wake-ups that nobody came for.';

alter table attempts
    drop constraint attempts_ended_as_check,
    add constraint known_end
        check (ended_as in ('retried', 'lost', 'released', 'spawned', 'failed', 'timed_out', 'cancelled')) not valid;

comment on column attempts.ended_as is
    'retried: it failed and is tried again; lost: its worker was lost; released: its worker shut down and gave it back; '
    'the others: how it ended before the execution was retried by hand.';

alter table workers add column tasks text[] not null default '{}';
comment on column workers.tasks is 'What it leases executions of.';

alter table tasks add column plan json;
comment on column tasks.plan is 'See executions.';

------------------------------------------------------------------------------------------------------------------------

create table requests (
    requested_at timestamptz not null default clock(),
    claimed_at   timestamptz,
    applied_at   timestamptz,
    id           uuid        not null default gen_random_uuid() primary key,
    execution_id uuid,
    verb         text        not null check (verb in ('cancel', 'retry', 'wake_up')),
    task_id      text collate "C",
    unique_id    text collate "C",
    output       json,
    failure      text,
    result       text
);

create index requests_to_apply on requests (requested_at) where applied_at is null;

comment on table requests is 'What people asked for in SQL, through the functions below; a worker applies it within a second.';
comment on column requests.requested_at is 'When.';
comment on column requests.claimed_at is 'When a worker took it on.';
comment on column requests.applied_at is 'When it was applied; null until then.';
comment on column requests.id is 'What the function answered.';
comment on column requests.execution_id is 'Which execution: cancel, retry.';
comment on column requests.verb is 'What to do.';
comment on column requests.task_id is 'Which sleeping task: wake_up.';
comment on column requests.unique_id is 'Which sleeper: wake_up.';
comment on column requests.output is 'What the sleeper completes with: wake_up.';
comment on column requests.failure is 'Or what it fails with: wake_up.';
comment on column requests.result is 'What came of it.';

create function cancel_execution(execution_id text) returns uuid language sql volatile
begin atomic
    select pg_catalog.pg_notify(c.relnamespace::regnamespace::text, 'upkeep')
    from pg_catalog.pg_class c where c.oid = 'requests'::regclass;
    insert into requests (verb, execution_id) values ('cancel', replace(cancel_execution.execution_id, 'te_', '')::uuid) returning id;
end;

create function retry_execution(execution_id text) returns uuid language sql volatile
begin atomic
    select pg_catalog.pg_notify(c.relnamespace::regnamespace::text, 'upkeep')
    from pg_catalog.pg_class c where c.oid = 'requests'::regclass;
    insert into requests (verb, execution_id) values ('retry', replace(retry_execution.execution_id, 'te_', '')::uuid) returning id;
end;

create function wake_up(task_id text, unique_id text, output json default null, failure text default null)
    returns uuid language sql volatile
begin atomic
    select pg_catalog.pg_notify(c.relnamespace::regnamespace::text, 'upkeep')
    from pg_catalog.pg_class c where c.oid = 'requests'::regclass;
    insert into requests (verb, task_id, unique_id, output, failure)
    values ('wake_up', wake_up.task_id, wake_up.unique_id, wake_up.output, wake_up.failure)
    returning id;
end;

comment on function cancel_execution(text) is 'Cancels an execution (te_… or its uuid) and everything under it, soon. The answer is the request''s id.';
comment on function retry_execution(text) is 'Has an execution that finished without completing run again, soon.';
comment on function wake_up(text, text, json, text) is
    'Wakes a sleeper up, soon: task, name, and the output that it completes with or the message that it fails with.';

------------------------------------------------------------------------------------------------------------------------

drop view execution_overview;

create view execution_overview as
select
    'te_' || replace(e.id::text, '-', '') as execution_id,
    e.id,
    e.task_id,
    coalesce(
        e.final_status,
        case e.waits_for
            when 'children' then 'waiting_for_children'
            when 'finalize' then 'waiting_for_finalize'
            when 'wake_up' then 'running'
        end,
        case when l.execution_id is null then 'ready' else 'running' end
    ) as status,
    e.parent_id,
    e.root_id,
    e.child_index,
    wt.active_children,
    e.priority,
    e.retry_attempts,
    e.max_attempts,
    coalesce(e.attempt, l.attempt, r.attempt) as attempt,
    e.lease_losses,
    e.created_at,
    e.start_at,
    coalesce(e.started_at, l.started_at) as started_at,
    case
        when l.execution_id is not null then l.started_at + e.timeout_ms * interval '1 millisecond'
        when e.waits_for = 'wake_up' then e.start_at + e.timeout_ms * interval '1 millisecond'
    end as expires_at,
    e.expires_at as deadline,
    e.finished_at,
    greatest(e.updated_at, l.started_at) as updated_at,
    coalesce(e.worker_id, l.worker_id) as worker_id,
    w.name as worker_name,
    e.error,
    e.input,
    e.input_meta,
    e.output,
    e.output_meta
from executions e
left join leases l on l.execution_id = e.id
left join ready r
    on r.task_id = e.task_id and r.priority = e.priority and r.start_at = e.start_at and r.execution_id = e.id
left join waiting wt on wt.execution_id = e.id
left join workers w on w.id = coalesce(e.worker_id, l.worker_id);

comment on view execution_overview is
    'Every execution whole: its row, and where it stands. '
    'select * from execution_overview where execution_id = ''te_…'' reads everything; where id = ''…''::uuid uses the index.';
