"""Where the social register stands in a feed, and how a page of it is applied: each event once, in one transaction with
the position.

Whoever applies holds the row of the feed, and looks whether it stands where the page was asked for. So of two who read
the same page one applies it, a page that comes twice does nothing, and who dies before the commit has done nothing.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg
import structlog
from psycopg.types.json import Jsonb

from models.database import Connection, is_disconnect
from models.errors import Unavailable, describe
from workflows.heard import aside
from workflows.heard.effects import Effect, effect_of
from workflows.heard.openings import Hearing
from workflows.heard.told import HALTS, LifeEvent, Page, Standing, going_on

AT_ONCE = 50  # events of one transaction
BUSY_AGAIN = timedelta(seconds=30)
COLUMNS = "cursor, digest"
# From the first question on it is known for how long it gave no answer.
BEGIN = """
    insert into life_feed (source, cursor, counts, answered_at) values (%s, 0, '{}', %s) on conflict do nothing
"""
STANDS = f"select {COLUMNS} from life_feed where source = %s"
LOCK = f"{STANDS} for update skip locked"
MOVE = """
    update life_feed set cursor = %(cursor)s, digest = %(digest)s, heard_at = %(now)s, answered_at = %(now)s,
        halted = null, halted_at = null, counts = (
            select coalesce(jsonb_object_agg(name, amount), '{}') from (
                select name, sum(amount::bigint) as amount from (
                    select * from jsonb_each_text(counts) union all select * from jsonb_each_text(%(counts)s::jsonb)
                ) as every (name, amount) group by name
            ) as summed)
    where source = %(source)s
"""
ANSWERED = """
    update life_feed set answered_at = %(now)s, halted = null, halted_at = null
    where source = %(source)s and cursor = %(cursor)s
    and (answered_at is null or answered_at < %(stale)s or halted is not null)
"""
HALT = """
    update life_feed set halted = %(code)s, halted_at = case when halted = %(code)s then halted_at else %(now)s end
    where source = %(source)s and cursor = %(cursor)s and halted is distinct from %(code)s
"""
FRESH = timedelta(minutes=1)  # so often it is written down that the feed answers
log = structlog.get_logger()


class Heard(NamedTuple):
    """What came of a page: how many events were applied, and the queues that have work by them."""

    events: int = 0
    queues: frozenset[str] = frozenset()


def standing(connection: Connection, source: str, now: datetime) -> Standing:
    """Where this feed stands; at the beginning, where nothing was heard of it yet."""
    row = connection.execute(STANDS, [source]).fetchone()
    if row is None:
        connection.execute(BEGIN, [source, now])
    return Standing(*row) if row else Standing()


def hear(connection: Connection, known: Standing, page: Page, hearing: Hearing, *, patient: bool = True) -> Heard:
    """Applies the next events of a page that was asked for from `known` on. The caller commits.

    Does nothing where another process is at it, or was faster. An event that cannot be applied is set aside; one that
    meets a lock ends the transaction, unless nobody is patient any more: then it is set aside for a while.
    Raises Halted where the page does not go on from there.
    """
    now = going_on(page, known)[:AT_ONCE]
    if not now:
        answered(connection, known, hearing)
        return Heard()
    row = connection.execute(LOCK, [hearing.source]).fetchone()
    if row is None or Standing(*row) != known:
        return Heard()
    effects = [apply(connection, each, hearing, patient) for each in now]
    counts = Counter(each.outcome for each in effects)
    connection.execute(
        MOVE,
        {
            "source": hearing.source,
            "cursor": now[-1].position,
            "digest": now[-1].digest,
            "now": hearing.now,
            "counts": Jsonb(counts),
        },
    )
    return Heard(len(now), queues_of(effects))


def queues_of(effects: Sequence[Effect]) -> frozenset[str]:
    """The queues that have work by these."""
    return frozenset(queue for each in effects for queue in each.queues)


def answered(connection: Connection, known: Standing, hearing: Hearing) -> None:
    """Notes that the feed answers, now and then."""
    given = {"source": hearing.source, "cursor": known.cursor, "now": hearing.now, "stale": hearing.now - FRESH}
    connection.execute(ANSWERED, given)


def halt(connection: Connection, source: str, known: Standing, code: str, now: datetime) -> None:
    """Notes that nothing more is applied, and why; says so once in the log."""
    given = {"source": source, "cursor": known.cursor, "code": code, "now": now}
    if connection.execute(HALT, given).rowcount:
        log.error("the feed of life events is halted", source=source, cursor=known.cursor, why=code, means=HALTS[code])


def apply(connection: Connection, event: LifeEvent, hearing: Hearing, patient: bool) -> Effect:
    """What one event does, within a savepoint; whatever it may wait for, or why it was set aside, is written down."""
    try:
        with connection.transaction():
            effect = effect_of(connection, event, hearing)
            aside.keep(connection, event, effect, hearing)
            return effect
    except Exception as error:
        if is_disconnect(error) or (is_busy(error) and patient):
            raise
        effect = failed(error, hearing)
        log.warning("a life event is set aside", position=event.position, kind=event.kind, why=effect.aside or "busy")
    aside.keep(connection, event, effect, hearing)
    return effect


def failed(error: Exception, hearing: Hearing) -> Effect:
    """What becomes of an event that cannot be applied: a lock is waited for, anything else is for a person."""
    if is_busy(error):
        return Effect("waits", again_at=hearing.now + BUSY_AGAIN)
    return Effect("aside", aside=describe(error).error)


def is_busy(error: Any) -> bool:
    """Whether others only hold what it needs, so that the same succeeds later."""
    return isinstance(error, psycopg.OperationalError | Unavailable)


def again(connection: Connection, hearing: Hearing) -> Heard:
    """Applies the next event once more that waited for cases which have ended. The caller commits."""
    event = aside.take(connection, hearing.source, hearing.now)
    if event is None:
        return Heard()
    effect = apply(connection, event, hearing, patient=False)
    return Heard(1, effect.queues)
