-- Executions, where they wait, who holds them, who works.
--
-- `durable migrate` applies this file in one transaction, with search_path set to the service's schema; psql can do the
-- same. It creates only, so it waits for nobody and nobody waits for it.
--
-- What is hot is narrow and what is wide is still: an execution's row is written when it is enqueued and once more when
-- it ends. Between the two it has exactly one row in `ready` or in `leases`, and only those come and go.

create function clock() returns timestamptz
    language sql stable parallel safe
    return pg_catalog.now();

comment on function clock() is
    'The one clock: every time in this schema comes from here. Tests replace it.';

create function after_ms(milliseconds double precision) returns timestamptz
    language sql stable parallel safe
    return least(
        clock() + least(milliseconds, 8.64e15) * interval '1 millisecond',
        timestamptz '275760-09-13 00:00:00+00'
    );

comment on function after_ms(double precision) is
    'The time so many milliseconds from now; saturates at the last moment of a JavaScript Date.';

------------------------------------------------------------------------------------------------------------------------

create table executions (
    id                  uuid             not null primary key,
    created_at          timestamptz      not null,
    updated_at          timestamptz      not null,
    start_at            timestamptz      not null,
    timeout_ms          bigint           not null check (timeout_ms between 1 and 9007199254740991),
    sleep_ms_before_run double precision not null check (sleep_ms_before_run >= 0),
    delay_multiplier    double precision          check (delay_multiplier between 0.1 and 10),
    jitter              double precision          check (jitter between 0 and 1),
    started_at          timestamptz,
    finished_at         timestamptz,
    max_attempts        integer          not null check (max_attempts between 0 and 1000),
    base_delay_ms       integer                   check (base_delay_ms between 0 and 3600000),
    max_delay_ms        integer                   check (max_delay_ms between 0 and 86400000),
    retry_attempts      integer          not null default 0 check (retry_attempts between 0 and max_attempts),
    lease_losses        integer          not null default 0 check (lease_losses >= 0),
    attempt             integer                   check (attempt >= 0),
    worker_id           uuid,
    task_id             text collate "C" not null,
    final_status        text collate "C"
        check (final_status in ('completed', 'failed', 'timed_out', 'cancelled')),
    traceparent         text,
    tracestate          text,
    input               json,
    input_meta          json,
    output              json,
    output_meta         json,
    error               json,

    constraint finished_when_it_has_a_final_status
        check ((final_status is null) = (finished_at is null) and (final_status is null) = (attempt is null)),
    constraint output_when_completed
        check (output is null and output_meta is null or final_status is not distinct from 'completed'),
    constraint error_when_finished_otherwise
        check (final_status is null or (final_status = 'completed') = (error is null)),
    constraint annotations_annotate_something
        check ((input_meta is null or input is not null) and (output_meta is null or output is not null)),
    constraint tracestate_belongs_to_a_trace
        check (tracestate is null or traceparent is not null)
) with (
    -- Room on the page for the second version of a row, which then needs no new index entry.
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05
);

comment on table executions is
    'One row for each enqueued unit of work: what was asked for and, once it has ended, what came of it. '
    'Written at enqueue, after each failed attempt, and at the end. The view execution_overview shows it whole.';
comment on column executions.id is 'The execution id: te_ and these 32 digits. A version 7 UUID, so ordered by time of enqueue.';
comment on column executions.created_at is 'When it was enqueued.';
comment on column executions.updated_at is 'When this row was last written.';
comment on column executions.start_at is 'When it may be leased, or might when it last was ready; its ready row has the same.';
comment on column executions.timeout_ms is 'How long one attempt may take.';
comment on column executions.sleep_ms_before_run is 'The delay before the first attempt.';
comment on column executions.delay_multiplier is 'What each further retry delay is multiplied with; null is 1.';
comment on column executions.jitter is 'How much of a retry delay is left to chance; null is 0.';
comment on column executions.started_at is 'When its last attempt began; set when finished (while running, see leases).';
comment on column executions.finished_at is 'When it ended; null until then.';
comment on column executions.max_attempts is 'How many retries it may use after the first attempt.';
comment on column executions.base_delay_ms is 'The delay before the first retry; null is 0.';
comment on column executions.max_delay_ms is 'The longest retry delay; null is no limit.';
comment on column executions.retry_attempts is 'How many retries it has used up.';
comment on column executions.lease_losses is 'How many of its leases were lost with their worker; costs no retries.';
comment on column executions.attempt is 'The number of its last lease; set when finished (until then, see ready and leases).';
comment on column executions.worker_id is 'The worker that held its last lease; set when finished (while running, see leases).';
comment on column executions.task_id is 'The task that it is an execution of.';
comment on column executions.final_status is 'How it ended; null until then: it is ready or running.';
comment on column executions.traceparent is 'W3C trace context of the enqueueing request, passed on to the procedure.';
comment on column executions.tracestate is 'W3C trace state that goes with traceparent.';
comment on column executions.input is 'The input, byte for byte as it came; null is undefined (JSON null is the text null).';
comment on column executions.input_meta is 'oRPC type annotations of the input: dates, big integers, sets, maps …';
comment on column executions.output is 'The output of a completed execution, byte for byte as the procedure sent it; null is undefined.';
comment on column executions.output_meta is 'oRPC type annotations of the output.';
comment on column executions.error is 'Why it ended otherwise, or what the attempt before failed with: {errorType, message, isRetryable, isInternal}.';

------------------------------------------------------------------------------------------------------------------------

create table ready (
    start_at     timestamptz      not null,
    execution_id uuid             not null,
    attempt      integer          not null default 0 check (attempt >= 0),
    task_id      text collate "C" not null,

    -- Serves the claim: per task, oldest first, no entry of another task or of a later time is touched.
    -- Serves cancelling: the execution's row tells all three columns.
    primary key (task_id, start_at, execution_id)
) with (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0.2
);

comment on table ready is
    'Executions that wait for a worker, some of them for their time. A claim deletes the row and writes one in leases. '
    'No foreign keys here: on rows that live for milliseconds they would cost more than the rest.';
comment on column ready.start_at is 'When it may be leased; the same as in executions.';
comment on column ready.execution_id is 'The execution.';
comment on column ready.attempt is 'The number of its latest lease, 0 before the first; the next lease gets the next number.';
comment on column ready.task_id is 'The task, so that workers find only what they serve.';

create table leases (
    started_at   timestamptz not null,
    execution_id uuid        not null primary key,
    worker_id    uuid        not null,
    attempt      integer     not null check (attempt >= 1)
) with (
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0,
    autovacuum_analyze_scale_factor = 0.2
);

comment on table leases is
    'Executions that a worker is making an attempt at. (execution_id, attempt) is the fence: a result is written only '
    'while this row is there. A lease whose worker is not alive in workers is taken back.';
comment on column leases.started_at is 'When the attempt began.';
comment on column leases.execution_id is 'The execution.';
comment on column leases.worker_id is 'Who holds the lease.';
comment on column leases.attempt is 'The number of the lease; grows with each lease of the execution and never falls.';

------------------------------------------------------------------------------------------------------------------------

create table workers (
    id         uuid        not null primary key,
    started_at timestamptz not null,
    renewed_at timestamptz not null,
    ended_at   timestamptz,
    lease_ms   integer     not null check (lease_ms > 0),
    name       text        not null,
    ended_as   text        check (ended_as in ('stopped', 'lost')),

    constraint ended_when_it_says_how check ((ended_at is null) = (ended_as is null))
) with (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 200
);

comment on table workers is
    'Every worker process since it started. One row renews all its leases. A claim holds this row''s key share lock, '
    'so that declaring a worker lost waits for its claims in flight and then sees all its leases.';
comment on column workers.id is 'The worker id: de_ and these 32 digits; fresh at every start.';
comment on column workers.started_at is 'When it registered.';
comment on column workers.renewed_at is 'Its last sign of life.';
comment on column workers.ended_at is 'When it stopped or was declared lost; null while it is alive.';
comment on column workers.lease_ms is 'How long after its last sign of life it is declared lost.';
comment on column workers.name is 'Host name and process id.';
comment on column workers.ended_as is 'stopped: it said so itself; lost: it was declared lost.';

create table attempts (
    started_at   timestamptz not null,
    ended_at     timestamptz not null,
    execution_id uuid        not null,
    worker_id    uuid        not null,
    attempt      integer     not null check (attempt >= 1),
    ended_as     text        not null check (ended_as in ('retried', 'lost', 'released')),
    error        json,

    primary key (execution_id, attempt)
) with (
    autovacuum_vacuum_insert_scale_factor = 0.05
);

comment on table attempts is
    'Attempts after which the execution went on: append-only history. The last attempt of a finished execution is told '
    'by the execution itself, so that one which completes at the first try writes nothing here.';
comment on column attempts.started_at is 'When it began.';
comment on column attempts.ended_at is 'When that was recorded.';
comment on column attempts.execution_id is 'The execution.';
comment on column attempts.worker_id is 'Who made it.';
comment on column attempts.attempt is 'The number of its lease.';
comment on column attempts.ended_as is
    'retried: it failed and is tried again; lost: its worker was lost; released: its worker shut down and gave it back.';
comment on column attempts.error is 'What it failed with.';

------------------------------------------------------------------------------------------------------------------------

create table tasks (
    registered_at       timestamptz      not null,
    timeout_ms          bigint           not null,
    sleep_ms_before_run double precision not null,
    delay_multiplier    double precision,
    jitter              double precision,
    max_attempts        integer          not null,
    base_delay_ms       integer,
    max_delay_ms        integer,
    id                  text collate "C" not null primary key
);

comment on table tasks is
    'The tasks that workers have registered, with the options that executions get unless they bring their own. '
    'The latest registration wins.';
comment on column tasks.registered_at is 'When this definition was first registered as it is.';
comment on column tasks.timeout_ms is 'See executions.';
comment on column tasks.sleep_ms_before_run is 'See executions.';
comment on column tasks.delay_multiplier is 'See executions.';
comment on column tasks.jitter is 'See executions.';
comment on column tasks.max_attempts is 'See executions.';
comment on column tasks.base_delay_ms is 'See executions.';
comment on column tasks.max_delay_ms is 'See executions.';
comment on column tasks.id is 'The task id.';

create table idempotency_keys (
    -- Deferred, because a key is taken before its execution is written.
    execution_id uuid             not null references executions on delete cascade deferrable initially deferred,
    task_id      text collate "C" not null,
    key          text collate "C" not null,

    primary key (task_id, key)
);

create index idempotency_keys_of_execution on idempotency_keys (execution_id);

comment on table idempotency_keys is
    'Which execution an idempotency key stands for, as long as we still have the execution.';
comment on column idempotency_keys.execution_id is 'The execution that the key was first used for.';
comment on column idempotency_keys.task_id is 'The task; keys are unique per task.';
comment on column idempotency_keys.key is 'The key as the caller sent it.';
comment on index idempotency_keys_of_execution is 'Serves pruning: deleting an execution deletes its key.';

------------------------------------------------------------------------------------------------------------------------

create view execution_overview as
select
    'te_' || replace(e.id::text, '-', '') as execution_id,
    e.id,
    e.task_id,
    coalesce(e.final_status, case when l.execution_id is null then 'ready' else 'running' end) as status,
    e.retry_attempts,
    e.max_attempts,
    coalesce(e.attempt, l.attempt, r.attempt) as attempt,
    e.lease_losses,
    e.created_at,
    e.start_at,
    coalesce(e.started_at, l.started_at) as started_at,
    l.started_at + e.timeout_ms * interval '1 millisecond' as expires_at,
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
left join ready r on r.task_id = e.task_id and r.start_at = e.start_at and r.execution_id = e.id
left join workers w on w.id = coalesce(e.worker_id, l.worker_id);

comment on view execution_overview is
    'Every execution whole: its row, and where it stands. '
    'select * from execution_overview where execution_id = ''te_…'' reads everything; where id = ''…''::uuid uses the index.';
