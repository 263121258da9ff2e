"""Is everything where it can be found? Counts that must all be zero, each a promise of the engine or a key that the hot tables go without."""

from collections.abc import Collection

from models.database import Connection, value
from workflows.flow import QUEUES

MEMBERS = """
    select m.idcs, m.household_id from household_member m join household_version v using (household_id, version)
    where upper_inf(v.valid) and upper_inf(v.known)
"""  # of every household as it is now
CHECKS: dict[str, str] = {
    # G3 of docs/proofs.md: every open case is due, timed, set apart, in work, or an operator's.
    "orphans": """
        select count(*) from cases c where open and not ready and due_at is null and stage <> 'parked'
        and not exists (select from (select unnest(case_ids) as id from attempt) as held where held.id = c.id)
    """,
    "parked_without_reason": "select count(*) from cases c where stage = 'parked' and not exists (select from trouble t where t.case_id = c.id and t.parked)",
    # Nobody claims from a queue that is none of the flow's.
    "unknown_queues": """
        select (select count(*) from cases where (ready or due_at is not null) and queue <> all(%(queues)s))
            + (select count(*) from attempt where worker_id is null and queue <> all(%(queues)s))
    """,
    # G2 and G6: as many events as the version says.
    "versions_off": "select count(*) from cases c where version <> (select count(*) from event e where e.case_id = c.id)",
    # G4: every event of a kind that makes a message owed has one.
    "messages_missing": """
        select count(*) from event e where kind = any(%(owed_kinds)s)
        and not exists (select from message m where (m.case_id, m.seq) = (e.case_id, e.seq))
    """,
    "messages_stuck": "select count(*) from message where status = 'stuck'",
    "daily_jobs_failed": "select count(*) from daily_job where error is not null",
    # One person, one household.
    "double_persons": f"select count(*) from (select idcs from ({MEMBERS}) as now group by idcs having count(distinct household_id) > 1) as twice",
    "members_not_claimed": f"""
        select count(*) from ({MEMBERS}) as m
        where not exists (select from person_claim p where (p.idcs, p.household_id) = (m.idcs, m.household_id))
    """,
    # The keys that hot tables go without.
    "events_without_case": "select count(*) from event e where not exists (select from cases c where c.id = e.case_id)",
    "receipts_without_case": "select count(*) from receipt r where not exists (select from cases c where c.id = r.case_id)",
    "declarations_missing": "select count(*) from cases c where not exists (select from declaration d where (d.case_id, d.number) = (c.id, c.declaration))",
    "versions_without_household": "select count(*) from household_version v where not exists (select from household h where h.id = v.household_id)",
    "members_without_version": """
        select count(*) from household_member m
        where not exists (select from household_version v where (v.household_id, v.version) = (m.household_id, m.version))
    """,
    "scores_without_event": "select count(*) from score s where not exists (select from event e where (e.case_id, e.seq) = (s.case_id, s.seq))",
    # What durability rests on.
    "durability_off": """
        select count(*) from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting not in ('on', 'remote_apply')
    """,
    "unlogged_tables": "select count(*) from pg_class where relkind = 'r' and relpersistence = 'u'",
}


def examine(connection: Connection, owed_kinds: Collection[str]) -> dict[str, int]:
    """Every count by name; all zero in health. `owed_kinds`: the kinds of events that make a message owed."""
    known = {"owed_kinds": list(owed_kinds), "queues": list(QUEUES)}
    return {name: value(connection, statement, known) for name, statement in CHECKS.items()}
