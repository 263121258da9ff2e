"""Retention: the daily job that erases personal data whose period is over.

It erases texts, facts and salts. Hashes and commitments stay, so the chains still verify, and `sijil replay` counts the
decisions as erased. It reads all cases once, by their key, a few thousand in each transaction, and needs no index of
its own: nine million cases take minutes a day, and it locks no case that a worker has in hand.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from models import clock
from models.database import Connection, scalar, transaction
from workflows.history.personal import PERSONAL
from workflows.policies import periods
from workflows.queue.attempts import count_gone_workers, delete_gone_workers

CASES_A_ROUND = 2_000  # some 10,000 events, which is the most that one transaction erases of a table
AGED = [each for each in PERSONAL if each.period]
ROUND = "select id, not open and stage_since < %s from cases where id > %s order by id limit %s"
# The cases are a list, so that every plan uses the keys of the tables. The statement locks them, so that nobody reopens
# one meanwhile, and leaves those that another transaction has locked until tomorrow.
ERASE = """
    with ended as (
        select id, household_id from cases ended
        where id = any(%s) and not open and stage_since < %s
        and exists (select from {table} t where {mine} and {kept}) order by id for update skip locked
    )
    update {table} t set {erased} from ended where {mine} and {kept}
"""
COUNT = """
    select count(*) from {table} t join cases ended on {mine} where not ended.open and ended.stage_since < %s and {kept}
"""
# The sweep deletes most of these within minutes, and retention deletes the rest.
FROM_OBSOLETE_FAILURES = """
    from case_failure t where at < %s and exists (
        select from cases c where c.id = t.case_id and c.stage <> 'parked' and (not c.open or c.version > t.version)
    )
"""
# Whole rows that belong to no case, by table; each has a moment.
LOOSE = {
    "case_failure": FROM_OBSOLETE_FAILURES,
    "staff_session": "from staff_session where began_at < %s",
    "sign_in_wait": "from sign_in_wait where free_at < %s",
    "sign_in_flow": "from sign_in_flow where begun_at < %s",
    "kept_form": "from kept_form where kept_at < %s",
    "desk_item": "from desk_item where waits_for is null and since < %s",
    "desk_lock": "from desk_lock where until < %s",
    "application_draft": "from application_draft where changed_at < %s",
    "receipt_session": "from receipt_session where begun_at < %s",
    "phone_code": "from phone_code where at < %s",
    "wrong_secret": "from wrong_secret where at < %s",
    "message_part": "from message_part where at < %s",
}
# Whether the register has an event between the two moments, or none at all; and when this job last ran.
SIGNS_OF_LIFE = """
    select exists (select from event where at > %s and at < %s) or not exists (select from event),
        (select done_on from daily_job where name = 'retention'),
        (select clock_confirmed_on from daily_job where name = 'retention')
"""
CONFIRM = """
    insert into daily_job (name, done_on, clock_confirmed_on) values ('retention', %s, %s)
    on conflict (name) do update set clock_confirmed_on = excluded.clock_confirmed_on, error = null
"""


class Round(NamedTuple):
    """The rows that one round erased, by table, and the case after which the next begins: None after the last."""

    erased: dict[str, int]
    last: int | None


def retain(stopping: Callable[[], bool] = lambda: False) -> dict[str, int]:
    """Runs rounds until it has looked at every case or must stop; returns the rows erased of each table.

    All rounds compute the periods from the moment at which the first began. Raises Refused before a round if a clock
    jumped.
    """
    now = clock.now()
    total: Counter[str] = Counter(dict.fromkeys([*(each.table for each in AGED), *LOOSE, "worker"], 0))
    after: int | None = 0
    while after is not None and not stopping():
        with transaction() as connection:
            clock.require_no_jump()
            erased, after = purge(connection, now, after)
        total.update(erased)
    return dict(total)


def clock_doubt(connection: Connection, now: datetime) -> str | None:
    """Why an operator must check the clock before retention erases anything; None where nothing is suspicious.

    Raises Refused if a clock is known to have jumped.
    """
    clock.require_no_jump()
    ago, ahead = now - clock.A_MONTH, now + clock.ASTRAY
    lives, ran, confirmed = connection.execute(SIGNS_OF_LIFE, [ago, ahead]).fetchone() or (True, None, None)
    if confirmed and ago.date() <= confirmed <= ahead.date():
        return None
    if not lives:
        return f"By the database's clock it is {now:%F}, and nothing has happened for more than a month."
    if ran and ran < ago.date():
        return f"By the database's clock it is {now:%F}, and retention last ran on {ran:%F}, more than a month ago."
    return None


def confirm_clock(connection: Connection, now: datetime) -> None:
    """Notes that an operator confirmed the clock: retention trusts it for a month."""
    connection.execute(CONFIRM, [(now - timedelta(days=1)).date(), now.date()])


def purge(connection: Connection, now: datetime, after: int = 0, limit: int = CASES_A_ROUND) -> Round:
    """Runs one round over the `limit` cases after that number. The caller commits.

    The last round also deletes the rows that belong to no case.
    """
    latest = max(cutoff(each.period, now) for each in AGED)
    cases = connection.execute(ROUND, [latest, after, limit]).fetchall()
    if not cases:
        return Round(delete_loose_rows(connection, now), None)
    ended = [case_id for case_id, over in cases if over]
    return Round(purge_cases(connection, ended, now) if ended else {}, cases[-1][0])


def purge_cases(connection: Connection, case_ids: Sequence[int], now: datetime) -> dict[str, int]:
    """Erases what is personal in the rows of these cases, in each table whose period is over."""
    return {
        each.table: connection.execute(each.put_into(ERASE), [case_ids, cutoff(each.period, now)]).rowcount
        for each in AGED
    }


def delete_loose_rows(connection: Connection, now: datetime) -> dict[str, int]:
    """Deletes whole rows: failures of cases that have moved on, what is left of sign-ins and the desk, gone workers."""
    gone = {
        table: connection.execute(f"delete {of_table}", [cutoff(table, now)]).rowcount
        for table, of_table in LOOSE.items()
    }
    return gone | {"worker": delete_gone_workers(connection, cutoff("worker", now))}


def count_due(connection: Connection, now: datetime) -> dict[str, int]:
    """Counts the rows of each table that retention would erase now."""
    counts = {each.table: scalar(connection, each.put_into(COUNT), [cutoff(each.period, now)]) for each in AGED}
    for table, of_table in LOOSE.items():
        counts[table] = scalar(connection, f"select count(*) {of_table}", [cutoff(table, now)])
    counts["worker"] = count_gone_workers(connection, cutoff("worker", now))
    return counts


def cutoff(table: str, now: datetime) -> datetime:
    """The moment before which a case must have ended, or a row been of use, for the table's period to be over."""
    return now - timedelta(days=periods()[table].days)
