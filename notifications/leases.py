"""Messages under a lease: taken from the ledger for a while, and what became of them written down under the lease's
number.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from models import clock
from models.database import Connection, transaction
from workflows.engine.messages import digest_of, digests
from workflows.flows import DELIVERY
from workflows.registers.ports import Notice

LEASE = timedelta(seconds=15)  # longer than two calls may take, or a slow answer would be taken for none
# tries without success: then a message is sent apart from the others, so that one that the gateway chokes on holds up
# few neighbours
ALONE_AFTER = 3


class Leased(NamedTuple):
    """A message under a lease: ours to send, or to ask about, until that ends."""

    case_id: int
    seq: int
    template: str
    id: UUID
    fence: int
    tries: int
    channel: str
    recipient: str | None
    body: str
    as_decided: bool = True  # what it says is what its event sealed


class Outcome(NamedTuple):
    """What became of a message under its lease."""

    message: Leased
    status: str
    error: str | None
    wait: timedelta = timedelta(0)
    tried: bool = True  # False: what was counted when its lease began counts no more


# Which messages are taken: owed and not tried often yet; tried in vain; under a lease that ended without an answer.
FRESH = f"status = 'owed' and tries < {ALONE_AFTER}"
TRIED = f"status = 'owed' and tries >= {ALONE_AFTER}"
UNKNOWN = "status = 'sending'"
# TAKE passes over rows that somebody holds, ANSWER is given its rows in the order of their key: no two wait for each
# other.
# Nothing is taken while the queue is paused. Asking what became of a message is no try: a gateway that was away has
# refused nothing.
# Leases go by the database's clock, which all deliverers share: one whose own clock is ahead must not take a lease for
# over.
# Which messages and how many stands in its text and not in parameters: so any plan of it reads the part of the index
# that it is about, and no more.
TAKE = """
    with due as (
        select case_id, seq, template from message
        where {which} and due_at <= now() + %s and not exists (select from paused_queue where queue = '{queue}')
        order by rank limit {most} for update skip locked
    )
    update message m set status = 'sending', fence = fence + 1, due_at = now() + %s,
        tries = tries + (m.status = 'owed')::int
    from due where (m.case_id, m.seq, m.template) = (due.case_id, due.seq, due.template)
    returning m.case_id, m.seq, m.template, m.id, m.fence, m.tries, m.channel, m.recipient, coalesce(m.body, ''),
        m.language, m.salt,
        (select owed from event e where (e.case_id, e.seq) = (m.case_id, m.seq))
"""
# No wait (notifications/gateways/http.py) and no lease is longer than a day: a clock that has gone back since set what
# lies days ahead.
BRING_BACK = "update message set due_at = now() + %s where status in ('owed', 'sending') and due_at > now() + %s"
# What was erased while it was under way is not owed again: there is nothing left of it to send.
ANSWER = """
    update message m set due_at = a.due_at, sent_at = a.sent_at, tries = m.tries - (not a.tried)::int,
        status = case when m.body is null and a.status = 'owed' then 'failed' else a.status end,
        error = case when m.body is null and a.status <> 'sent' then 'erased' else a.error end
    from unnest(%s::bigint[], %s::int[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[],
        %s::text[],
        %s::boolean[]) as a (case_id, seq, template, fence, status, due_at, sent_at, error, tried)
    where (m.case_id, m.seq, m.template) = (a.case_id, a.seq, a.template) and m.fence = a.fence and m.status = 'sending'
"""


def lease(which: str, most: int) -> list[Leased]:
    """So many of these messages, lowest rank first: ours to send or ask about until the lease ends."""
    shift = clock.offset()
    with transaction() as connection:
        rows = connection.execute(TAKE.format(which=which, queue=DELIVERY, most=most), [shift, shift + LEASE])
        return [leased(*row) for row in rows]


def leased(*row: Any) -> Leased:
    """A row of TAKE.

    One whose recipient or text was changed after its event sealed it is not sent: nobody decided that.
    """
    *kept, language, salt, owed = row
    message = Leased(*kept)
    if salt is None:  # erased meanwhile
        return message
    notice = Notice(message.template, message.channel, language, message.recipient, message.body)
    return message._replace(as_decided=digest_of(salt, message.id.hex, notice) in digests(owed or b""))


def write_down(outcomes: Sequence[Outcome]) -> None:
    """All answers of a call in one statement; one that comes under an older lease is void."""
    if not outcomes:
        return
    now = clock.now()
    rows = [
        (
            each.message.case_id,
            each.message.seq,
            each.message.template,
            each.message.fence,
            each.status,
            now + each.wait,
            now if each.status == "sent" else None,
            each.error,
            each.tried,
        )
        for each in sorted(outcomes, key=lambda each: each.message[:3])
    ]
    with transaction() as connection:
        connection.execute(ANSWER, [list(column) for column in zip(*rows, strict=True)])


def bring_back(connection: Connection) -> int:
    """Messages that wait for a moment more than a day ahead are due now; how many."""
    shift = clock.offset()
    return connection.execute(BRING_BACK, [shift, shift + clock.ASTRAY]).rowcount
