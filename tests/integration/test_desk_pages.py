"""The lists of the desk: their order, their pages in both directions, their filters, and whose territory they show."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models.database import snapshot, transaction
from models.errors import Refused
from tests.filing import rows
from workflows.desk.pages import DONE, ROWS, TABS, Filters, Key, Line, Page, counts, page
from workflows.staff.guard import OWNER, Acting
from workflows.staff.roles import COUNTRY, Grant, Territory
from workflows.staff.signatures import OFFICER, pseudonym, sign

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
AMINA = Acting("Amina Berrada", 1, (Grant("caseworker"),))
FILL = """
    insert into desk_item (case_id, kind, queue, stage, waits_for, due_at, since, priority, why, holder, barred, region,
        province, language, flags, version, done_at, done_by, done_as)
    values (%(id)s, %(kind)s, %(queue)s, %(stage)s, %(waits_for)s, %(due_at)s, %(due_at)s, %(priority)s, 'ordinary',
        %(holder)s, '{}', %(region)s, %(province)s, %(language)s, '{}', 1, %(done_at)s, %(done_by)s, %(done_as)s)
"""
ORDINARY: dict[str, Any] = {
    "kind": "registration",
    "queue": "reviews",
    "stage": "under_review",
    "waits_for": "staff",
    "priority": 3,
    "holder": None,
    "region": 6,
    "province": "MA-CAS",
    "language": "ar",
    "done_at": None,
    "done_by": None,
    "done_as": None,
}


def put(case_id: int, **changes: Any) -> None:
    """An item, by itself due in as many hours as its number says, or in `due_in`."""
    due_at = NOW + timedelta(hours=changes.pop("due_in", case_id))
    with transaction() as connection:
        connection.execute(FILL, {"id": case_id, "due_at": due_at, **ORDINARY, **changes})


def done(case_id: int, by: str, **changes: Any) -> None:
    """An item that somebody decided."""
    ended = {"done_at": NOW + timedelta(hours=case_id), "done_by": by, "done_as": "ReviewCleared"}
    put(case_id, waits_for=None, stage="scored", **ended, **changes)


def read(tab: str = "unassigned", who: Acting = AMINA, at: Key | None = None, **wanted: Any) -> Page:
    with snapshot() as connection:
        return page(connection, who, tab, NOW, Filters(**wanted), at)


def numbers(lines: Page | list[Line]) -> list[int]:
    return [each.case_id for each in (lines.lines if isinstance(lines, Page) else lines)]


def pages(tab: str, who: Acting = AMINA, **wanted: Any) -> Iterator[list[int]]:
    """All pages of a list, from the first to the last."""
    at = None
    while True:
        found = read(tab, who, at, **wanted)
        yield numbers(found)
        if (at := found.next) is None:
            return


def together(found: Iterable[list[int]]) -> list[int]:
    """All numbers of these pages."""
    return [each for page_of in found for each in page_of]


@pytest.fixture(autouse=True)
def empty(database: str) -> None:
    """An empty desk."""


def test_what_is_due_first_comes_first_and_pages_go_both_ways() -> None:
    for case_id in range(1, 3 * ROWS + 2):
        put(case_id, due_in=1000 - 2 * (case_id // 2))  # always two at the same moment
    expected = [case_id for (case_id,) in rows("select case_id from desk_item order by due_at, case_id")]

    forwards = list(pages("unassigned"))

    assert [len(each) for each in forwards] == [ROWS, ROWS, ROWS, 1]
    assert together(forwards) == expected
    last = read(at=read(at=read(at=read().next).next).next)
    assert last.next is None
    before = read(at=last.previous)
    assert numbers(before) == forwards[2]
    assert numbers(read(at=before.next)) == forwards[3]
    first = read(at=read(at=before.previous).previous)
    assert (numbers(first), first.previous) == (forwards[0], None)
    assert numbers(read(at=first.next)) == forwards[1]


def test_no_line_is_missed_or_shown_twice_while_lines_come_and_go() -> None:
    for case_id in range(1, 3 * ROWS + 1):
        put(case_id)
    first = read()
    # When what was on the first page leaves, and something comes before it
    rows("update desk_item set waits_for = 'citizen' where case_id <= 10")
    put(999, due_in=0.5)
    second = read(at=first.next)
    assert numbers(second) == list(range(ROWS + 1, 2 * ROWS + 1))
    assert numbers(read(at=second.previous)) == [999, *range(11, ROWS + 1)]


def test_a_page_of_several_tabs_and_territories_is_in_their_common_order() -> None:
    amina = pseudonym(OFFICER, AMINA.name)
    for case_id in range(1, 91):
        region, province = [(6, "MA-CAS"), (1, "MA-TNG"), (3, "MA-FES"), (6, "MA-MOH")][case_id % 4]
        put(case_id, region=region, province=province, holder=[None, amina, "officer:ff"][case_id % 3])
    several = Acting("x", 2, (Grant("supervisor", Territory(6, "MA-CAS")), Grant("caseworker", Territory(1))))
    found = together(pages("team", several))
    assert found == [case_id for case_id in range(1, 91) if case_id % 4 in (0, 1)]
    assert together(pages("mine")) == [case_id for case_id in range(1, 91) if case_id % 3 == 1]
    assert together(pages("unassigned", several, region=6)) == [n for n in range(1, 91) if n % 4 == 0 and n % 3 == 0]


@pytest.mark.parametrize(
    ("where", "seen"),
    [
        (COUNTRY, {1, 2, 3, 4}),
        (Territory(6), {1, 2, 4}),
        (Territory(6, "MA-CAS"), {1}),
        (Territory(1), {3}),
        (Territory(2), set()),
    ],
)
def test_a_list_shows_the_readers_territory_and_no_other(where: Territory, seen: set[int]) -> None:
    put(1)
    put(2, province="MA-MOH")
    put(3, region=1, province="MA-TNG")
    put(4, province=None)
    who = Acting("x", 2, (Grant("caseworker", where),))
    assert set(numbers(read(who=who))) == seen
    with snapshot() as connection:
        assert counts(connection, who, NOW)["unassigned"] == len(seen)
    # However somebody asks for another one
    for wanted in ({"region": 1}, {"province": "MA-TNG"}, {"province": "MA-MOH"}, {"province": "none"}):
        assert set(numbers(read(who=who, **wanted))) <= seen


def test_a_role_that_may_not_read_a_list_is_refused_and_so_is_a_list_that_there_is_not() -> None:
    put(1, waits_for="operator", queue="parked", stage="parked")
    operator = Acting("x", 3, (Grant("operator"),))
    assert numbers(read("parked", operator)) == [1]
    for who, tab in ((AMINA, "parked"), (operator, "unassigned"), (Acting("y", 4, (Grant("auditor"),)), "done")):
        with pytest.raises(Refused, match="may do this"):
            read(tab, who)
    with pytest.raises(Refused, match="no list 'others'"):
        read("others")
    with snapshot() as connection:
        assert counts(connection, operator, NOW) == {"parked": 1}
        assert "parked" not in counts(connection, AMINA, NOW)
        assert set(counts(connection, OWNER, NOW)) == set(TABS)


@pytest.mark.parametrize(
    "wanted",
    [
        {"queue": "appeals"},
        {"stage": "queued"},
        {"due": "overdue"},
        {"region": 1},
        {"province": "MA-TNG"},
        {"holder": "officer:aa"},
        {"priority": 1},
        {"language": "fr"},
    ],
)
def test_each_filter_keeps_what_it_names(wanted: dict[str, Any]) -> None:
    put(1)
    put(
        2,
        due_in=-1,
        queue="appeals",
        stage="queued",
        region=1,
        province="MA-TNG",
        holder="officer:aa",
        priority=1,
        language="fr",
    )
    assert numbers(read("team", **wanted)) == [2]
    assert numbers(read("team")) == [2, 1]
    assert numbers(read("team", holder="")) == [1]


def test_what_is_done_comes_latest_first_with_who_did_it() -> None:
    with transaction() as connection:
        amina = sign(connection, OFFICER, AMINA.name)
    for case_id in range(1, ROWS + 3):
        done(case_id, amina if case_id % 2 else "officer:bb")
    first = read(DONE)
    assert numbers(first) == list(range(ROWS + 2, 2, -1))
    assert first.names == {amina: AMINA.name}
    second = read(DONE, at=first.next)
    assert (numbers(second), second.next) == ([2, 1], None)
    assert numbers(read(DONE, at=second.previous)) == numbers(first)
    assert numbers(read(DONE, holder="officer:bb"))[:2] == [26, 24]
    assert numbers(read()) == []


def test_a_place_in_a_list_is_an_address_and_nothing_else_is() -> None:
    key = Key(NOW + timedelta(microseconds=1), 2**58, back=True)
    assert Key.of(str(key)) == key
    for text in ("", "a", "a1", "a1.x", "x1.1", "a1.1.1", "a٣.1", f"a{10**30}.1", "b-1.2", "a1.2' or true"):
        with pytest.raises(Refused, match="no such page"):
            Key.of(text)
    for text in (f"a{'9' * 17}.{'9' * 18}", "b0.0"):
        assert read(at=Key.of(text)).lines == []


def test_counts_stop_at_a_thousand() -> None:
    rows(
        "insert into desk_item (case_id, kind, queue, stage, waits_for, due_at, since, priority, why, barred, region, "
        "flags, version) select n, 'update', 'reviews', 'under_review', 'staff', now(), now(), 3, 'ordinary', '{}', "
        "6, '{}', 1 from generate_series(1, 1200) as n"
    )
    with snapshot() as connection:
        found = counts(connection, AMINA, NOW)
    assert (found["unassigned"], found["team"], found["mine"]) == (1001, 1001, 0)
