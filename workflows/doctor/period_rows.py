"""When the versions of a household were true, beside what the events of all its cases say: told by the household."""

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import msgspec
from psycopg.types.range import Range

from models.database import Connection
from workflows.events.event import KINDS, Event
from workflows.events.registration import HouseholdApproved
from workflows.events.update import HouseholdChanged, HouseholdEnded
from workflows.history.keyranges import KeyRange

# The events that say when a version is true.
EVENTS = """
    select c.household_id, e.kind, e.facts::text, c.submitted_at, e.at
    from (
        select distinct household_id, case_id from household_version
        where household_id > %(after)s and household_id <= %(upto)s
        union select household_id, case_id from household_end
        where household_id > %(after)s and household_id <= %(upto)s
    ) v
    join cases c on (c.id, c.household_id) = (v.case_id, v.household_id)
    join event e on e.case_id = c.id and e.kind in ('HouseholdApproved', 'HouseholdChanged', 'HouseholdEnded')
    order by c.household_id
"""
ROWS = """
    select household_id, number, version, valid, known from household_period
    where household_id > %(after)s and household_id <= %(upto)s order by household_id, number
"""


class PeriodRow(NamedTuple):
    """A row of `household_period`, its household aside."""

    version: int
    valid: Range[datetime]
    known: Range[datetime]


class Registered(NamedTuple):
    """An event that says when a version of its household is true, with the moment of the case's submission."""

    household_id: int
    kind: str
    facts: str | None
    submitted_at: datetime
    at: datetime


def households_astray(connection: Connection, at: KeyRange) -> list[int]:
    """The households of a range whose periods are not what their events say."""
    said: dict[int, dict[int, PeriodRow]] = {}
    for household, number, *row in connection.execute(ROWS, at._asdict()):
        said.setdefault(household, {})[number] = PeriodRow(*row)
    events = map(Registered._make, connection.execute(EVENTS, at._asdict()).fetchall())
    told = {household: list(found) for household, found in groupby(events, key=lambda each: each.household_id)}
    return sorted(
        household
        for household in said.keys() | told.keys()
        if (should := told_periods(told.get(household, []))) is not None and said.get(household, {}) != should
    )


def told_periods(events: Iterable[Registered]) -> dict[int, PeriodRow] | None:
    """The rows that these events make, by their numbers; None where one of them is erased or cannot be read."""
    rows: dict[int, PeriodRow] = {}
    changes: list[HouseholdChanged | HouseholdEnded] = []
    for each in events:
        match event_of(each):
            case HouseholdApproved(version=1):
                rows[1] = PeriodRow(1, Range(each.submitted_at, None), Range(each.at, None))
            case HouseholdChanged() | HouseholdEnded() as change:
                changes.append(change)
            case _:
                return None
    for change in sorted(changes, key=lambda change: change.past.known_from):
        apply(rows, change)
    return rows


def event_of(stored: Registered) -> Event | None:
    """The event; None where it cannot be read."""
    try:
        return msgspec.json.decode((stored.facts or "").encode(), type=KINDS[stored.kind])
    except msgspec.MsgspecError:
        return None


def apply(rows: dict[int, PeriodRow], event: HouseholdChanged | HouseholdEnded) -> None:
    """Closes and adds what this event says, as `registers/period_rows.py` does."""
    past = event.past
    for number in past.closed:
        if number in rows:
            rows[number] = rows[number]._replace(known=Range(rows[number].known.lower, past.known_from))
    first = max(rows, default=0) + 1
    for number, span in enumerate(sorted(past.added, key=lambda each: each.since), start=first):
        rows[number] = PeriodRow(span.version, Range(span.since, span.until), Range(past.known_from, None))
