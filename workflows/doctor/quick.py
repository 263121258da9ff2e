"""What one question answers at once, whatever the size of the register: small tables, partial indexes, the server
itself.
"""

from models.connection import DURABLE, PROGRAM

# Each statement gives one count. Known to them are %(queues)s, those of the flow.
QUICK: dict[str, str] = {
    # Nobody takes from a queue that is none of the flow's.
    "unknown_queues": "select count(*) from attempt where worker_id is null and queue <> all(%(queues)s)",
    # A batch takes less than a minute. What its worker forgot, alive or dead, is in nobody's work, and nobody takes it
    # up.
    "attempts_forgotten": "select count(*) from attempt where worker_id is not null and at < now() - interval '15 "
    "minutes'",
    # A case that failed, and whose failure could not be counted: it is never parked, and tried again for ever.
    "failures_not_counted": "select count(*) from case_failure where uncounted",
    "messages_stuck": "select count(*) from message where status = 'stuck'",
    "daily_jobs_failed": "select count(*) from daily_job where error is not null",
    # A clock that jumped: what stands in a future that no work of ours reaches, and timers that nobody rings.
    "daily_jobs_ahead": "select count(*) from daily_job where done_on > (now() at time zone 'utc')::date + 1",
    "events_ahead": "select count(*) from event where at > now() + interval '1 day'",
    # A life event gets its position in the feed within seconds; without one no partner is told.
    "life_events_untold": """
        select count(*) from person_event e where e.at < now() - interval '5 minutes' and (e.xact, e.id) > (
            coalesce((select l.xact from person_event_seal s join person_event l on l.id = s.entry_id
                order by s.position desc limit 1), '0'::xid8),
            coalesce((select entry_id from person_event_seal order by position desc limit 1), 0))
    """,
    # A feed of life events that does not go on, events at which a person has to look, and events that were applied
    # twice or never: each position is counted once.
    "life_feed_halted": "select count(*) from life_feed where halted is not null",
    "life_events_aside": "select count(*) from life_event_aside where waits_for is null and settled_at is null",
    "life_events_miscounted": """
        select coalesce(sum(abs(cursor - (
            select coalesce(sum(amount::bigint), 0) from jsonb_each_text(counts) as each (name, amount)))), 0)::bigint
        from life_feed
    """,
    "timers_overdue": "select count(*) from cases where due_at < now() - interval '1 hour'",
    # What durability rests on: on the server, and for whoever connects as we and our workers do. Sessions of ours set
    # what they can, so what counts is what they would have without (reset_val).
    "durability_off": f"""
        select (select count(*) from pg_settings where name in ('fsync', 'full_page_writes') and setting <> 'on')
            + (select count(*) from pg_settings where name = 'synchronous_commit' and reset_val not in {DURABLE})
            + (select count(*) from pg_db_role_setting s cross join unnest(setconfig) as chosen
                where split_part(chosen, '=', 1) = 'synchronous_commit' and split_part(chosen, '=', 2) not in {DURABLE}
                and setdatabase in (0, (select oid from pg_database where datname = current_database()))
                and (setrole = 0 or setrole in (
                    select usesysid from pg_stat_activity where datname = current_database()
                        and starts_with(application_name, '{PROGRAM} '))))
    """,
    # What the workers' own sessions say of themselves.
    "workers_not_durable": f"select count(*) from worker where synchronous_commit not in {DURABLE}",
    "unlogged_tables": "select count(*) from pg_class where relkind = 'r' and relpersistence = 'u'",
}
