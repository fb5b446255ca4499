-- Fewer and shorter checks on executions.
--
-- PostgreSQL reads every check of a table anew for each statement that writes the table. Twenty-two of them took longer
-- than the rest of inserting one row. What stays is what would be wrong with where an execution stands; the ranges of its
-- options are the program's to keep, which refuses others before it stores anything.
--
-- Not validated, because that would read the whole table under the lock: old rows hold them all.

alter table executions
    drop constraint executions_timeout_ms_check,
    drop constraint executions_sleep_ms_before_run_check,
    drop constraint executions_delay_multiplier_check,
    drop constraint executions_jitter_check,
    drop constraint executions_max_attempts_check,
    drop constraint executions_base_delay_ms_check,
    drop constraint executions_max_delay_ms_check,
    drop constraint executions_lease_losses_check,
    drop constraint executions_attempt_check,
    drop constraint executions_check,
    drop constraint small_priority,
    drop constraint positive_expiry,
    drop constraint tracestate_belongs_to_a_trace,
    drop constraint annotations_annotate_something,
    drop constraint known_wait,
    drop constraint waits_since_a_time,
    drop constraint child_of_a_parent,
    drop constraint output_when_completed,
    drop constraint error_when_finished_otherwise,
    drop constraint finished_when_it_has_a_final_status,
    drop constraint attempt_when_in_neither_ready_nor_leases,

    -- Its attempt is told by ready or leases as long as it has a row there.
    add constraint finished_or_not check (
        case when final_status is null
            then finished_at is null and output is null and (attempt is null) = (waits_for is null)
            else finished_at is not null and attempt is not null and waits_for is null
                and (final_status = 'completed') = (error is null) and (output is null or error is null)
        end
    ) not valid,
    add constraint known_wait check (
        case waits_for
            when 'children' then waiting_for_children_at is not null
            when 'finalize' then waiting_for_finalize_at is not null
            when 'wake_up' then true
            else waits_for is null
        end
    ) not valid,
    add constraint child_of_a_parent check (
        num_nulls(parent_id, parent_attempt, parent_task_id, root_id, root_task_id) in (0, 5)
        and (child_index is null) = (is_only_child is null) and (child_index is null or parent_id is not null)
    ) not valid,
    add constraint retries_left check (retry_attempts <= max_attempts) not valid;
