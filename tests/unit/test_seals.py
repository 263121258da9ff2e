"""The line and the hash of an audit entry: fixed for ever."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from workflows.audit.seals import UNSEALED, EntryRow, Place, SealCheck, seal_hash
from workflows.engine.hashes import GENESIS

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
ENTRY = EntryRow(
    5, "917", NOON, "officer:0123456789abcdef", None, "caseworker", "search", "case", [7, 9], ["person:1"], 2, '{"a":1}'
)
LINE = (
    '[5,"917","2026-11-29T12:00:00.000000+00:00","officer:0123456789abcdef",null,"caseworker","search","case",[7,9],'
    '["person:1"],2,{"a":1}]'
)


def test_the_line_of_an_entry_is_all_its_columns_wherever_its_clock_stands() -> None:
    assert ENTRY.line() == LINE
    assert ENTRY._replace(at=NOON.astimezone(timezone(timedelta(hours=1)))).line() == LINE


def test_the_hash_is_this_for_ever() -> None:
    assert seal_hash(GENESIS, 1, LINE).hex() == "fb27d920c0ab114c0c83d799be860bda5b7f178cff70a90feccf75b58d47ab7d"


def test_every_column_enters_the_line() -> None:
    others: list[Any] = [6, "918", NOON + timedelta(microseconds=1), "x", 1, "x", "x", "x", [7], ["x"], 3, '{"a":2}']
    changed = {EntryRow._make([*ENTRY[:place], each, *ENTRY[place + 1 :]]).line() for place, each in enumerate(others)}
    assert len(changed | {LINE}) == len(others) + 1


def walked(*places: Place, anchored: dict[int, bytes] | None = None) -> list[str]:
    """What a walk over these places finds."""
    found: list[str] = []
    check = SealCheck(dict(anchored or {}), UNSEALED, NOON + timedelta(minutes=6), found.append)
    for each in places:
        check.check(each)
    check.check_end()
    return found


def chain(how_many: int) -> list[Place]:
    """So many entries, sealed."""
    before, places = GENESIS, []
    for position in range(1, how_many + 1):
        line = ENTRY._replace(id=position).line()
        before = seal_hash(before, position, line)
        places.append(Place(position, position, before, line))
    return places


def test_a_whole_chain_has_no_break() -> None:
    one, two = chain(2)
    assert walked() == walked(one, two) == walked(one, two, anchored={1: one.hash, 2: two.hash}) == []


def test_each_break_has_its_sentence() -> None:
    one, two, three = chain(3)
    changed = (two.line or "").replace("caseworker", "supervisor")
    assert walked(one, two._replace(line=changed), three) == [
        "audit position 2: entry 2 was changed, or does not follow from the one before"
    ]
    assert walked(one, two._replace(line=None), three) == ["audit position 2: its entry 2 is gone"]
    assert walked(one, three) == [
        "audit position 2: is missing before 3",
        "audit position 3: entry 3 was changed, or does not follow from the one before",
    ]
    assert walked(one, two, anchored={2: b"other"}) == ["audit position 2: differs from the anchor"]
    assert walked(one, anchored={1: one.hash, 2: two.hash}) == ["audit: tail cut, anchored up to position 2, has 1"]


def test_an_entry_without_a_seal_may_be_some_minutes_old() -> None:
    late = ENTRY._replace(at=NOON + timedelta(minutes=2))
    unsealed = [Place(None, each.id, b"", each.line()) for each in (ENTRY, late)]
    assert walked(*chain(1), *unsealed) == ["audit entry 5: has no seal, though it is of 2026-11-29 12:00 UTC"]
