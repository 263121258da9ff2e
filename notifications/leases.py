"""Leases on messages: a deliverer takes messages of the ledger for a while, and records what became of them.

Each lease of a message has a number, the fence: an answer under an older number changes nothing.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from models import clock
from models.database import Connection, transact, transaction
from models.languages import DEFAULT
from notifications.reports import Numbered, join_parts, write_numbers
from workflows.engine.messages import digest_of, digests
from workflows.flows import DELIVERY
from workflows.registers.ports import Notice

LEASE_DURATION = timedelta(seconds=15)  # longer than two calls may take, so that a slow answer still counts
# After so many tries a message is sent apart from fresh ones: one that the gateway chokes on then holds up few others.
ALONE_AFTER = 3


class Leased(NamedTuple):
    """A message that this process may send, or ask about, until its lease ends."""

    case_id: int
    seq: int
    template: str
    id: UUID
    fence: int
    tries: int
    channel: str
    recipient: str | None
    body: str
    as_decided: bool = True  # False: somebody changed it after its event sealed it
    language: str = DEFAULT


class Outcome(NamedTuple):
    """What became of a message under its lease."""

    message: Leased
    status: str
    error: str | None
    wait: timedelta = timedelta(0)
    tried: bool = True  # False: the try that its lease counted does not count
    numbers: Sequence[str] = ()  # those that the gateway gave its parts, if it reports on them


SMS, LETTER, EMAIL = "sms", "letter", "email"  # the channels
# Which messages to lease: owed and seldom tried; often tried in vain; under a lease that ended without an answer.
FRESH = f"status = 'owed' and tries < {ALONE_AFTER}"
TRIED = f"status = 'owed' and tries >= {ALONE_AFTER}"
EXPIRED = "status = 'sending'"
# TAKE_LEASES skips locked rows, and RECORD_OUTCOMES gets its rows in key order: two deliverers never deadlock.
# A paused queue gives no leases. Asking about a message is no try: a gateway that was away has refused nothing.
# Leases end by the database's clock, which all deliverers share: one whose own clock is ahead ends no lease early.
# The condition and the limit are in the text, not in parameters, so that every plan reads that part of the index alone.
TAKE_LEASES = """
    with due as (
        select case_id, seq, template from message
        where channel = '{channel}' and {which} and {awake}
            and due_at <= now() + %s and not exists (select from paused_queue where queue = '{queue}')
        order by rank limit {most} for update skip locked
    )
    update message m set status = 'sending', fence = fence + 1, due_at = now() + %s,
        tries = tries + (m.status = 'owed')::int
    from due where (m.case_id, m.seq, m.template) = (due.case_id, due.seq, due.template)
    returning m.case_id, m.seq, m.template, m.id, m.fence, m.tries, m.channel, m.recipient, coalesce(m.body, ''),
        m.language, m.salt, (select owed from event e where (e.case_id, e.seq) = (m.case_id, m.seq))
"""
# No lease and no Retry-After (channels/sms_http.py) is longer than a day: a clock that has gone back since set what
# lies further ahead.
RESET_FUTURE_DUE_TIMES = (
    "update message set due_at = now() + %s where status in ('owed', 'sending') and due_at > now() + %s"
)
# A message that was erased under its lease is not owed again: its text is gone.
RECORD_OUTCOMES = """
    update message m set due_at = a.due_at, sent_at = a.sent_at, tries = m.tries - (not a.tried)::int,
        status = case when m.body is null and a.status = 'owed' then 'failed' else a.status end,
        error = case when m.body is null and a.status <> 'sent' then 'erased' else a.error end
    from unnest(
        %s::bigint[], %s::int[], %s::text[], %s::int[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[],
        %s::boolean[]
    ) as a (case_id, seq, template, fence, status, due_at, sent_at, error, tried)
    where (m.case_id, m.seq, m.template) = (a.case_id, a.seq, a.template) and m.fence = a.fence and m.status = 'sending'
"""


def lease(which: str, most: int, channel: str = SMS, templates: Collection[str] | None = None) -> list[Leased]:
    """Takes a lease on up to `most` of these messages of a channel, lowest rank first; of these templates alone, if
    some are given.
    """
    quoted = ", ".join([f"'{each}'" for each in sorted(templates or ())]) or "null"
    awake = "true" if templates is None else f"template in ({quoted})"
    offset = clock.offset()
    with transaction() as connection:
        statement = TAKE_LEASES.format(channel=channel, which=which, awake=awake, queue=DELIVERY, most=most)
        rows = connection.execute(statement, [offset, offset + LEASE_DURATION])
        return [message_from_row(*row) for row in rows]


def message_from_row(*row: Any) -> Leased:
    """The message of a row of TAKE_LEASES, its recipient and text compared with the digest that its event sealed."""
    *kept, language, salt, owed = row
    message = Leased(*kept)._replace(language=language)
    if salt is None:  # erased, and nothing is left to compare
        return message
    notice = Notice(message.template, message.channel, language, message.recipient, message.body)
    return message._replace(as_decided=digest_of(salt, message.id.hex, notice) in digests(owed or b""))


def record_outcomes(outcomes: Sequence[Outcome], gateway: str = "") -> None:
    """Records what became of these messages, in one statement; an outcome under an older lease changes nothing.

    The numbers that the gateway gave them are kept whatever the lease: reports on them are true.
    """
    if outcomes:
        numbered = [Numbered(each.message[:3], each.message.fence, each.numbers) for each in outcomes if each.numbers]
        transact(lambda connection: write_outcomes(connection, outcomes, gateway, numbered))


def write_outcomes(
    connection: Connection, outcomes: Sequence[Outcome], gateway: str, numbered: Sequence[Numbered]
) -> None:
    """Writes the outcomes, and what was reported before on the parts."""
    reported = write_numbers(connection, gateway, numbered)
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
    connection.execute(RECORD_OUTCOMES, [list(column) for column in zip(*rows, strict=True)])
    join_parts(connection, reported)


def reset_future_due_times(connection: Connection) -> int:
    """Makes messages due now that wait for a moment more than a day ahead. Returns how many."""
    offset = clock.offset()
    return connection.execute(RESET_FUTURE_DUE_TIMES, [offset, offset + clock.ASTRAY]).rowcount
