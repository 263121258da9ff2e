"""Operators list messages that were not sent, have them sent again, or settle what became of them.

No function here returns a recipient or a text; of a telephone number its last two digits.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString, NamedTuple

from psycopg.rows import dict_row

from models import clock
from models.database import Connection, scalar
from notifications.leases import EMAIL, LETTER, SMS
from workflows.audit.acts import Act, Purpose
from workflows.staff.noting import Doing, sign_act
from workflows.staff.signatures import OPERATOR, sign
from workflows.staff.territories import EVERYWHERE, Parameters, of_case_in_territory

STATUSES = ("owed", "sending", "failed", "stuck")  # that can be listed: not `sent`, which are too many
CHANNELS = (SMS, LETTER, EMAIL)
RESENDABLE = ("failed", "stuck", "owed")  # that can be sent again: not `sending`, which are under a lease
SET = 5000  # messages that one transaction changes
# A gateway may quote the telephone number that it refused.
ERROR = r"regexp_replace(m.error, '\d{6,}', '...', 'g')"
CHOSEN = f"""
    m.status = any(%(statuses)s) and (%(case_id)s::bigint is null or m.case_id = %(case_id)s)
    and (%(error)s::text is null or coalesce({ERROR}, '') = %(error)s)
    and (%(template)s::text is null or m.template = %(template)s)
    and (%(channel)s::text is null or m.channel = %(channel)s)
    and (%(since)s::timestamptz is null or exists (
        select from event e where (e.case_id, e.seq) = (m.case_id, m.seq) and e.at >= %(since)s
    ))
    and {of_case_in_territory("m.case_id")}
"""
# What was reported was owed before; clocks may differ by a day. The condition stands in the text: a plan that is
# kept, with a parameter for it, would read the whole table.
UNDELIVERED = """
    and m.delivery = 'undelivered' and (
        %(since)s::timestamptz is null or m.delivery_at >= %(since)s::timestamptz - interval '1 day'
    )
"""
LIST = f"""
    select r.reference, m.template, m.channel, m.status, m.tries, {ERROR} as error, e.at as since, m.due_at,
        m.delivery, m.delivery_at, case m.channel when 'sms' then right(m.recipient, 2) end as ends_in,
        concat_ws('/', m.status, r.reference, m.seq, m.template) as place
    from message m join receipt r using (case_id) left join event e using (case_id, seq)
    where {CHOSEN} and (m.status, m.case_id, m.seq, m.template)
        > (%(after_status)s, %(after_case)s::bigint, %(after_seq)s::int, %(after_template)s)
"""
IN_ORDER = "order by m.status, m.case_id, m.seq, m.template limit %(most)s"
COUNT = f"select count(*) from message m where {CHOSEN}"
SOME = "select case_id, seq, template from message m where {} order by 1, 2, 3 limit %(most)s for update skip locked"
# An erased message has no text to send, and one that is due goes by itself.
SENDABLE = "m.body is not null and (m.status <> 'owed' or m.due_at > now() + %(offset)s)"
# The deliverer asks about a message that was once under a lease before it sends it, if the gateway can be asked.
RETRY = f"""
    with some_of as ({SOME.format(f"{CHOSEN} and {SENDABLE}")})
    update message m set status = 'owed', tries = 0, due_at = now() + %(offset)s, error = null from some_of s
    where (m.case_id, m.seq, m.template) = (s.case_id, s.seq, s.template) returning m.case_id
"""
SETTLE = f"""
    with some_of as ({SOME.format(CHOSEN)})
    update message m set status = %(to)s, error = %(note)s,
        sent_at = case when %(to)s = 'sent' then now() + %(offset)s end
    from some_of s
    where (m.case_id, m.seq, m.template) = (s.case_id, s.seq, s.template) returning m.case_id
"""
# Reads the index of the messages that operators must look at.
UNSENT = f"m.status in ('failed', 'stuck') and {of_case_in_territory('m.case_id')}"
GROUPS = f"""
    select g.*, array(
        select r.reference from message m join receipt r using (case_id)
        where {UNSENT} and (m.status, m.template, m.channel) = (g.status, g.template, g.channel)
            and {ERROR} is not distinct from g.error
        order by m.case_id, m.seq limit %(named)s
    ) as "references"
    from (
        select m.status, m.template, m.channel, {ERROR} as error, count(*) as messages, min(e.at) as since
        from message m left join event e using (case_id, seq) where {UNSENT} group by 1, 2, 3, 4
    ) as g
    order by g.status desc, g.messages desc, g.template, g.channel, g.error
"""


class Place(NamedTuple):
    """Where a page of the list ends: the key of its last message."""

    status: str
    case_id: int
    seq: int
    template: str


BEGINNING = Place("", 0, 0, "")  # before every place


class Choice(NamedTuple):
    """Which messages: those of these statuses, and only of this case, error ('': without one), template or channel if
    one is named, owed since then, reported as undelivered, and of the cases of a territory.
    """

    statuses: Sequence[str]
    case_id: int | None = None
    error: str | None = None
    template: str | None = None
    where: Parameters = EVERYWHERE
    channel: str | None = None
    undelivered: bool = False  # of a list alone
    since: datetime | None = None

    def parameters(self, most: int) -> dict[str, Any]:
        """The parameters of the statements above."""
        chosen = {**self._asdict(), "statuses": list(self.statuses), "most": most, "offset": clock.offset()}
        del chosen["where"]
        return chosen | self.where


def unsent_messages(
    connection: Connection, choice: Choice, most: int, after: Place | None = None
) -> list[dict[str, Any]]:
    """Up to `most` messages after a place: reference, template, channel, status, tries, error, owed since when, due
    when, what was reported, the last two digits of the number, and the place of each.
    """
    names = ("after_status", "after_case", "after_seq", "after_template")
    begins = dict(zip(names, after or BEGINNING, strict=True))
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(list_statement(choice), choice.parameters(most) | begins).fetchall()


def list_statement(choice: Choice) -> LiteralString:
    """The statement that lists these messages in the order of their keys."""
    return f"{LIST} {UNDELIVERED if choice.undelivered else ''} {IN_ORDER}"


def unsent_groups(connection: Connection, named: int, where: Parameters = EVERYWHERE) -> list[dict[str, Any]]:
    """Messages of a territory that failed or are stuck, counted by status, template, channel and error; each group
    with since when the oldest is owed, and `named` references.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(GROUPS, {"named": named, **where}).fetchall()


def count_unsent(connection: Connection, choice: Choice) -> int:
    """How many messages there are."""
    return int(scalar(connection, COUNT, choice.parameters(0)))


def retry(connection: Connection, choice: Choice, by: str, now: datetime) -> int:
    """Makes up to `SET` of these messages owed again, and due at once, for an operator. Returns how many."""
    changed = connection.execute(RETRY, choice.parameters(SET)).fetchall()
    note(connection, Act.RETRY_MESSAGES, by, now, changed)
    return len(changed)


def settle(connection: Connection, choice: Choice, to: str, by: str, now: datetime) -> int:
    """Records that up to `SET` messages are `sent` or `failed`, as an operator learned. Returns how many."""
    learned = f"settled by {sign(connection, OPERATOR, by)}"
    changed = connection.execute(SETTLE, {**choice.parameters(SET), "to": to, "note": learned}).fetchall()
    note(connection, Act.SETTLE_MESSAGES, by, now, changed)
    return len(changed)


def note(connection: Connection, act: Act, by: str, now: datetime, changed: Sequence[tuple[int]]) -> None:
    """Notes in the audit what an operator did to messages of these cases; nothing where there are none."""
    if case_ids := sorted({case_id for (case_id,) in changed}):
        detail = {"messages": len(changed)}
        sign_act(connection, OPERATOR, by, Doing(act, now, case_ids, purpose=Purpose.OPERATION, detail=detail))
