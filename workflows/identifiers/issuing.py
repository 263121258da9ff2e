"""Issues identifiers: each once for ever, whoever asks at the same time, and whatever happens to its person.

The register of issued identifiers holds them: a row stays when its person is erased, and the database refuses to change
or delete it. A batch is one statement, and few more where many of the drawn numbers were issued before.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from models.arrays import array
from models.database import Connection
from models.errors import Broken
from models.settings import settings
from workflows.identifiers.drawing import drawn
from workflows.identifiers.filters import Filters

MOST_TRIES = 1_000  # for one identifier, before the numbers count as used up
MOST_AT_ONCE = 100_000  # numbers of one statement
MORE = 1.1  # so many more are drawn than were needed last time, so that two statements are enough
# The first of those drawn that are free, in the order of their keys, so that two batches wait for each other in turn.
# Where two draw the same numbers at once in two statements each, that order is broken: `transact` repeats a deadlock.
ISSUE = """
    with free as (
        select idcs from unnest(%s::text[]) with ordinality as drawn (idcs, place)
        where not exists (select from issued_identifier i where i.idcs = drawn.idcs) order by place limit %s
    )
    insert into issued_identifier (idcs) select idcs from free order by idcs on conflict (idcs) do nothing
    returning idcs
"""


class Issued(NamedTuple):
    """Identifiers that belong to nobody yet and to nobody else ever, in the order drawn; how many numbers it took."""

    identifiers: list[str]
    tries: int


def issue(connection: Connection, count: int, numbers: Iterator[str] | None = None) -> Issued:
    """Issues so many identifiers, drawn by chance, or else from these numbers; to be called in `transact`.

    Raises Broken where none are left.
    """
    numbers = numbers or drawn(filters_in_force())
    found: dict[str, None] = {}
    tries, wanted = 0, count
    while len(found) < count:
        if tries > count * MOST_TRIES:
            raise Broken(f"Of {tries} identifiers that were drawn, {tries - len(found)} had been issued before.")
        batch = list(islice(numbers, wanted))
        rows = connection.execute(ISSUE, [array(batch), count - len(found)])
        new = {idcs for (idcs,) in rows}
        found |= dict.fromkeys(each for each in batch if each in new)
        tries += wanted
        wanted = min(int((count - len(found)) * tries / max(len(found), 1) * MORE) + 1, MOST_AT_ONCE)
    return Issued(list(found), tries)


def filters_in_force() -> Filters:
    """The filters that the settings ask for."""
    said = settings()
    return Filters(
        said.idcs_sequence,
        said.idcs_repeating,
        said.idcs_repeating_block,
        said.idcs_even_digits,
        said.idcs_same_ends,
        said.idcs_mirrored_ends,
        tuple(filter(None, said.idcs_restricted.split(","))),
        said.idcs_cyclic,
    )
