"""Searches the register for likely duplicates of one person: by keys, by index look-ups alone, then by bits.

    keys of the person            workflows/matching/duplicates/keys.py
    who has one of these keys     SEARCH: for each key at most MOST_OF_KEY
    how likely is each            workflows/matching/duplicates/scoring.py

What is found goes to a person. Nothing is refused for it, and nothing is merged by it.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

import structlog

from models.arrays import array
from models.database import Connection
from workflows.matching.duplicates.keys import kinds_by_key
from workflows.matching.duplicates.record import FIELDS, Record, record_from
from workflows.matching.duplicates.scoring import ORDER, Context, Matcher, Reason, Zone, context_of, share_numbers
from workflows.registers.name_shares import KNOWN

MOST_OF_KEY = 100  # people who are looked at for one key: whoever shares more than that with others shares another key
SEARCH = f"""
    select p.idcs, p.status, found.places, {", ".join(f"p.{field}" for field in FIELDS)}
    from (
        select held.id, array_agg(wanted.place) as places
        from unnest(%(keys)s::bigint[]) with ordinality as wanted (key, place)
        cross join lateral (select id from person where keys @> array[wanted.key] limit {MOST_OF_KEY + 1}) as held
        group by held.id
    ) as found join person p on p.id = found.id
    where p.idcs <> all(%(besides)s::text[])
"""
log = structlog.get_logger()


class Candidate(NamedTuple):
    """Somebody who may be the person who is searched for, and why."""

    idcs: str
    status: str
    zone: Zone
    bits: float
    reasons: tuple[Reason, ...]


class Found(NamedTuple):
    """The likely duplicates, those first that a person looks at first; how many were compared, and what was cut short.

    `capped`: kinds of keys that more people have than are looked at.
    """

    candidates: list[Candidate]
    compared: int
    capped: tuple[str, ...]


def likely_duplicates(connection: Connection, record: Record, besides: Collection[str] = ()) -> Found:
    """Who is registered and may be this person; `besides`: identifiers of those who are not meant."""
    kinds = kinds_by_key(record)
    parameters = {"keys": array(kinds), "besides": array(besides)}
    rows = connection.execute(SEARCH, parameters).fetchall()
    capped = capped_kinds(rows, list(kinds.values()))
    if capped:
        log.info("a search for duplicates looked at the first people of a key alone", most=MOST_OF_KEY, kinds=capped)
    matcher = Matcher(record, known_context(connection, record))
    candidates = sorted(candidates_among(matcher, rows), key=lambda each: (ORDER.index(each.zone), -each.bits))
    return Found(candidates, len(rows), capped)


def candidates_among(matcher: Matcher, rows: list[tuple[Any, ...]]) -> Iterator[Candidate]:
    """Those of these people whom a person should look at."""
    for idcs, status, _, *values in rows:
        like = matcher.compare(record_from(tuple(values)))
        if like and like.zone:
            yield Candidate(idcs, status, like.zone, like.bits, like.reasons)


def capped_kinds(rows: list[tuple[Any, ...]], kinds: list[str]) -> tuple[str, ...]:
    """The kinds of keys that brought more people than are looked at."""
    if len(rows) <= MOST_OF_KEY:
        return ()
    counts = Counter(place for row in rows for place in row[2])
    return tuple(sorted({kinds[place - 1] for place, count in counts.items() if count > MOST_OF_KEY}))


def known_context(connection: Connection, *records: Record) -> Context:
    """How many people there are, and which share of them has the names, places and birth years of these."""
    numbers = dict.fromkeys(number for record in records for number in share_numbers(record))
    shares: Mapping[int | None, float] = dict(connection.execute(KNOWN, [array(numbers)]))
    return context_of(shares[None], {key: share for key, share in shares.items() if key is not None})
