"""What operators do with messages that the gateway did not take: look, send again, or write down what they learned.

Never a recipient or a text.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg.rows import dict_row

from models import clock
from models.database import Connection, scalar

STATUSES = ("owed", "sending", "failed", "stuck")  # what can be looked at; those that were sent are many
RESENDABLE = ("failed", "stuck", "owed")  # what can be sent again: not what is under a lease
SET = 5000  # messages of one transaction
# A gateway may quote the number that it refused.
ERROR = r"regexp_replace(m.error, '\d{6,}', '...', 'g')"
CHOSEN = f"""
    m.status = any(%(statuses)s) and (%(case_id)s::bigint is null or m.case_id = %(case_id)s)
    and (%(error)s::text is null or {ERROR} = %(error)s)
    and (%(template)s::text is null or m.template = %(template)s)
"""
LIST = f"""
    select r.reference, m.template, m.channel, m.status, m.tries, {ERROR} as error, e.at as since, m.due_at
    from message m join receipt r using (case_id) left join event e using (case_id, seq)
    where {CHOSEN} order by m.status, m.case_id, m.seq limit %(most)s
"""
COUNT = f"select count(*) from message m where {CHOSEN}"
SOME = "select case_id, seq, template from message m where {} order by 1, 2, 3 limit %(most)s for update skip locked"
# What was erased has no text to send; what is due already needs no word.
SENDABLE = "m.body is not null and (m.status <> 'owed' or m.due_at > now() + %(shift)s)"
# What was once under a lease is asked about before it is sent, where the gateway can be asked.
RETRY = f"""
    with some_of as ({SOME.format(f"{CHOSEN} and {SENDABLE}")})
    update message m set status = 'owed', tries = 0, due_at = now() + %(shift)s, error = null from some_of s
    where (m.case_id, m.seq, m.template) = (s.case_id, s.seq, s.template)
"""
SETTLE = f"""
    with some_of as ({SOME.format(CHOSEN)})
    update message m set status = %(to)s, sent_at = case when %(to)s = 'sent'
        then now() + %(shift)s end, error = %(note)s from some_of s
    where (m.case_id, m.seq, m.template) = (s.case_id, s.seq, s.template)
"""


class Choice(NamedTuple):
    """Which messages: of these statuses, and of this case, error or template where one is named."""

    statuses: Sequence[str]
    case_id: int | None = None
    error: str | None = None
    template: str | None = None

    def parameters(self, most: int) -> dict[str, Any]:
        """For the statements above."""
        return {**self._asdict(), "statuses": list(self.statuses), "most": most, "shift": clock.offset()}


def listed(connection: Connection, choice: Choice, most: int) -> list[dict[str, Any]]:
    """So many of these messages: reference, template, status, tries, error, since when they are owed and when they are
    looked at again.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(LIST, choice.parameters(most)).fetchall()


def counted(connection: Connection, choice: Choice) -> int:
    """How many messages these are."""
    return int(scalar(connection, COUNT, choice.parameters(0)))


def retry(connection: Connection, choice: Choice) -> int:
    """A set of these is owed anew, and at once; how many."""
    return connection.execute(RETRY, choice.parameters(SET)).rowcount


def settle(connection: Connection, choice: Choice, to: str, by: str) -> int:
    """These are `sent` or `failed`, as somebody learned from the gateway; how many."""
    return connection.execute(SETTLE, {**choice.parameters(SET), "to": to, "note": f"settled by {by}"}).rowcount
