"""Quiet hours: by night no telephone rings for a message that can wait until the morning."""

from collections.abc import Collection
from datetime import datetime, time, timedelta
from typing import NamedTuple

from models.database import transaction
from models.days import MOROCCO
from workflows.flows import FLOWS

# Reads the deliverer's index alone for what is due, and each message once a night: then it is due in the morning, and
# nobody looks at it before.
PUT_OFF = """
    with due as (
        select case_id, seq, template from message
        where channel = %s and status = 'owed' and due_at <= now() + %s and not template = any(%s)
        order by rank limit %s for update skip locked
    )
    update message m set due_at = %s from due
    where (m.case_id, m.seq, m.template) = (due.case_id, due.seq, due.template)
"""
AT_ONCE = 1000  # messages that one statement puts off


class Hours(NamedTuple):
    """The hours of Morocco's day in which messages go out; the others are quiet."""

    opens: time
    closes: time

    def morning_after(self, now: datetime) -> datetime | None:
        """When messages go out again; None if they go out now.

        The zone has the offset of Ramadan, and of the days on which clocks change.
        """
        here = now.astimezone(MOROCCO)
        if self.opens <= here.time() < self.closes:
            return None
        day = here.date() + timedelta(days=here.time() >= self.closes)
        return datetime.combine(day, self.opens, MOROCCO).astimezone(now.tzinfo)


def hours_of(setting: str) -> Hours | None:
    """The hours of a setting as 09:00-20:00; None for an empty one."""
    if not setting:
        return None
    opens, closes = setting.split("-")
    return Hours(time.fromisoformat(opens), time.fromisoformat(closes))


def urgent_templates() -> frozenset[str]:
    """The templates whose messages go out at any hour. Codes by SMS do too: they are no messages of the ledger."""
    return frozenset(each.template for flow in FLOWS.values() for each in flow.every_message if each.urgent)


def put_off(channel: str, until: datetime, offset: timedelta, urgent: Collection[str]) -> None:
    """Makes what is due of a channel, and not urgent, due at that moment."""
    count = AT_ONCE
    while count == AT_ONCE:
        with transaction() as connection:
            count = connection.execute(PUT_OFF, [channel, offset, list(urgent), AT_ONCE, until]).rowcount
