"""How often a partner may ask about one person: whoever may guess without end finds out what is stored.

A birth date is found in a hundred guesses, by the year, then the month, then the day. So each partner's questions about
a person are counted under the partner's own token, whatever they say of the person.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from models.arrays import array
from models.database import Connection
from workflows.population.partners import Partner

WITHIN = timedelta(days=30)  # from the first of them on
SKEW = timedelta(minutes=1)  # by which the clocks of two processes may differ
MOST_FORGOTTEN = 10_000  # rows of one round
# A row of another time begins anew, and so does one that a clock wrote which has gone back since. In key order.
COUNT = """
    insert into partner_tries as t (partner_id, token, since, times)
    select %(partner)s, token, %(now)s, count(*) from unnest(%(tokens)s::text[]) as asked (token)
        group by token order by token
    on conflict (partner_id, token) do update set
        times = excluded.times + case when t.since between %(first)s and %(last)s then t.times else 0 end,
        since = case when t.since between %(first)s and %(last)s then t.since else %(now)s end
    returning token, times
"""
FORGET = """
    delete from partner_tries where (partner_id, token) in (
        select partner_id, token from partner_tries where since < %s order by since limit %s for update skip locked
    )
"""


def too_many(connection: Connection, partner: Partner, tokens: Sequence[str | None], now: datetime) -> list[bool]:
    """Counts a question about the people of these tokens, None for somebody who is not counted; for each, whether the
    partner has asked about them more often than its policy allows. The caller commits.
    """
    most, counted = partner.policy.most_tries, [each for each in tokens if each]
    if not (most and counted):
        return [False] * len(tokens)
    given = {"partner": partner.id, "tokens": array(counted), "now": now, "first": now - WITHIN, "last": now + SKEW}
    times = dict(connection.execute(COUNT, given).fetchall())
    left = {token: most - times[token] + counted.count(token) for token in times}
    found = []
    for token in tokens:
        if token:
            left[token] -= 1
        found.append(bool(token) and left[token or ""] < 0)
    return found


def forget(connection: Connection, now: datetime) -> int:
    """Forgets who was asked about before the time that counts; returns how many rows."""
    return connection.execute(FORGET, [now - WITHIN, MOST_FORGOTTEN]).rowcount
