"""The life events that are not done with: those that wait for cases to end, and those at which a person has to look."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from models.database import Connection
from models.errors import NotFound
from workflows.heard.effects import Effect
from workflows.heard.openings import Hearing
from workflows.heard.told import LifeEvent

KEEP = """
    insert into life_event_aside (source, position, kind, at, idcs, other_idcs, happened_on, fields, reason, since,
        waits_for, again_at)
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (source, position) do update set reason = excluded.reason, waits_for = excluded.waits_for,
        again_at = excluded.again_at, since = excluded.since, idcs = excluded.idcs, other_idcs = excluded.other_idcs,
        settled_at = null, settled_by = null
"""
EVENT = "position, at, kind, idcs, other_idcs, happened_on, fields, reason"
# What waits for nothing any more; a case that was parked waits for our operators, and so does this.
TAKE = f"""
    delete from life_event_aside a where (source, position) = (
        select source, position from life_event_aside w
        where waits_for is not null and source = %(source)s and (again_at <= %(now)s or (
            cardinality(waits_for) > 0 and not exists (
                select from cases c where c.id = any(w.waits_for) and c.open)))
        order by position limit 1 for update skip locked
    ) returning {EVENT}
"""
LIST = """
    select source, position, kind, at, reason, since from life_event_aside
    where waits_for is null and settled_at is null order by source, position limit %s
"""
WAITING = "select count(*) from life_event_aside where waits_for is not null"
ASIDE = "select count(*) from life_event_aside where waits_for is null and settled_at is null"
# Of two feeds that have something at one position, one after the other.
ONE = """
    (source, position) = (select source, position from life_event_aside
        where position = %s and waits_for is null and settled_at is null order by source limit 1)
"""
RETRY = f"delete from life_event_aside where {ONE} returning source, {EVENT}"
READ = f"select source, {EVENT} from life_event_aside where {ONE}"
SETTLE = f"""
    update life_event_aside set settled_at = %s, settled_by = %s, idcs = null, other_idcs = null, happened_on = null
    where {ONE} returning source
"""
BUSY = "busy"


class Aside(NamedTuple):
    """An event at which a person has to look: where it stands, what it is, and why it was not applied."""

    source: str
    position: int
    kind: str
    at: datetime
    reason: str
    since: datetime


def keep(connection: Connection, event: LifeEvent, effect: Effect, hearing: Hearing) -> None:
    """Writes down that an event is not done with, where it is not."""
    waits = bool(effect.waits_for or effect.again_at)
    if not (waits or effect.aside):
        return
    on: date | None = event.on
    about = [event.idcs or None, event.other, on, list(event.fields)]
    reason = effect.aside or ("cases" if effect.waits_for else BUSY)
    waits_for = None if effect.aside else list(effect.waits_for)
    row = [hearing.source, event.position, event.kind, event.at, *about, reason, hearing.now, waits_for]
    connection.execute(KEEP, [*row, effect.again_at])


def take(connection: Connection, source: str, now: datetime) -> LifeEvent | None:
    """The next event that waits for nothing any more; it is taken out, to be applied again. The caller commits."""
    row = connection.execute(TAKE, {"source": source, "now": now}).fetchone()
    return event_of(row) if row else None


def event_of(row: Sequence[object]) -> LifeEvent:
    """The event of a row, in the order of EVENT."""
    position, at, kind, idcs, other, on, fields, reason = row
    flaw = str(reason) if not idcs else ""
    return LifeEvent(position, at, kind, idcs or "", other, on, tuple(fields), flaw)  # type: ignore[arg-type]  # of a row


def listed(connection: Connection, limit: int) -> list[Aside]:
    """The events that a person has to look at, in the order of the feed."""
    return [Aside(*row) for row in connection.execute(LIST, [limit])]


def take_aside(connection: Connection, position: int) -> tuple[str, LifeEvent]:
    """An event that was set aside, and its feed, to be applied again. Raises NotFound."""
    row = connection.execute(RETRY, [position]).fetchone()
    if row is None:
        raise not_found(position)
    return row[0], event_of(row[1:])


def read(connection: Connection, position: int) -> tuple[str, LifeEvent]:
    """An event that is set aside, and its feed, to be looked at. Raises NotFound."""
    row = connection.execute(READ, [position]).fetchone()
    if row is None:
        raise not_found(position)
    return row[0], event_of(row[1:])


def settle(connection: Connection, position: int, actor: str, now: datetime) -> None:
    """A person has seen to it by hand; whom it was about is forgotten. Raises NotFound."""
    if connection.execute(SETTLE, [now, actor, position]).fetchone() is None:
        raise not_found(position)


def not_found(position: int) -> NotFound:
    """Why nothing is set aside at a position."""
    return NotFound(f"No life event is set aside at position {position}. List them: sijil life-events aside")
