"""Lanes decide which case goes first.

A case's rank is the time it became ready plus its lane's allowance, so bulk work ages and never starves.
"""

from datetime import datetime, timedelta

from workflows.events.event import Event

INTERACTIVE, APPEAL, UPDATE, BULK = range(4)

ALLOWANCE = {
    INTERACTIVE: timedelta(0),
    APPEAL: timedelta(minutes=1),
    UPDATE: timedelta(minutes=5),
    BULK: timedelta(minutes=15),
}


def rank(lane: int, ready_at: datetime) -> datetime:
    """The rank of a case that becomes ready at this time; the lowest rank of a queue goes first."""
    return ready_at + ALLOWANCE[lane]


def lane_of_messages(lane: int, event: Event) -> int:
    """The lane of what an event makes owed in a case of this lane: of what comes in bulk, the last one."""
    return BULK if event.in_bulk else lane
