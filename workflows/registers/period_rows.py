"""The rows of households' periods, read and written for many households at once."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from models.arrays import array, columns
from models.database import Connection
from models.errors import Broken
from workflows.registers.periods import Period, PeriodChange, Span

KNOWN_NOW = """
    select household_id, number, lower(known), version, lower(valid), upper(valid) from household_period
    where household_id = any(%s::bigint[]) and upper_inf(known) order by household_id, lower(valid)
"""
CLOSE = """
    update household_period p set known = tstzrange(lower(p.known), closed.at)
    from unnest(%s::bigint[], %s::int[], %s::timestamptz[]) as closed (household_id, number, at)
    where (p.household_id, p.number) = (closed.household_id, closed.number) and upper_inf(p.known)
"""
ADD = """
    insert into household_period (household_id, number, version, valid, known)
    select household_id, last.number + row_number() over (partition by household_id order by since),
        version, tstzrange(since, until), tstzrange(at, null)
    from unnest(%s::bigint[], %s::timestamptz[], %s::int[], %s::timestamptz[], %s::timestamptz[])
        as added (household_id, at, version, since, until)
    cross join lateral (select max(number) as number from household_period p
        where p.household_id = added.household_id) as last
"""


def known_periods(connection: Connection, household_ids: Sequence[int]) -> dict[int, list[Period]]:
    """The periods that are known now, by household; absent where there are none."""
    rows = connection.execute(KNOWN_NOW, [array(household_ids)]).fetchall()
    return {
        household_id: [Period(number, known, Span(*span)) for _, number, known, *span in found]
        for household_id, found in groupby(rows, key=lambda row: row[0])
    }


def write_changes(connection: Connection, changes: Mapping[int, PeriodChange]) -> None:
    """Closes and adds what these changes say, by household.

    Raises Broken where another transaction closed one of these periods meanwhile: cases of a household take turns, so
    none should. The transaction is to be rolled back then.
    """
    closed = [(household, number, each.at) for household, each in changes.items() for number in each.closed]
    if closed and connection.execute(CLOSE, columns(closed)).rowcount != len(closed):
        raise Broken("Another transaction changed a household's periods meanwhile.")
    added = [(household, each.at, *span) for household, each in changes.items() for span in each.added]
    if added:
        connection.execute(ADD, columns(added))
