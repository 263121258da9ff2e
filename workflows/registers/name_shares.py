"""Counts which share of the registered people has each name, place and birth year: a seldom one says more."""

from collections import Counter
from collections.abc import Iterable

from models.database import Connection, scalar
from workflows.matching.duplicates.record import FIELDS, Record, record_from
from workflows.matching.duplicates.scoring import share_numbers

SAMPLE = 300_000  # people who are counted, of more
LEAST = 3  # of the sample; what is seldom still counts as seldom (`uncounted` of the weights)
PERSONS = "(select greatest(reltuples, 0) from pg_class where oid = 'person'::regclass)"
# The shares by these keys, and with no key the number of people, as the statistics have it.
KNOWN = f"select key, share from name_share where key = any(%s::bigint[]) union all select null, {PERSONS}"


def count_names(connection: Connection) -> int:
    """Counts all anew, in a sample of the people where there are many; returns how many shares are known."""
    percent = min(100.0, 100 * SAMPLE / max(scalar(connection, f"select {PERSONS}"), 1))
    rows = connection.execute(f"select {', '.join(FIELDS)} from person tablesample system ({percent})").fetchall()
    shares = shares_of(map(record_from, rows))
    connection.execute("delete from name_share")
    with connection.cursor() as cursor, cursor.copy("copy name_share (key, share) from stdin") as stream:
        for each in sorted(shares.items()):
            stream.write_row(each)
    return len(shares)


def shares_of(people: Iterable[Record]) -> dict[int, float]:
    """The share of each name, place and birth year among these people, by its key; those of few are left out."""
    counts: Counter[int] = Counter()
    total = 0
    for each in people:
        total += 1
        counts.update(share_numbers(each))
    return {key: count / total for key, count in counts.items() if count >= LEAST}
