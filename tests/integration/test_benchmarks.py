"""What the benchmarks write past the engine is what it would have written: else they measure something else."""

import pytest

from benchmarks import console, growth, identifiers, pressure
from tests.filing import Worker, drain_all, examined, file_clean, rows, stages, value
from tests.people import after, ring_timers
from workflows.identifiers.drawing import drawn
from workflows.identifiers.filters import MOSIP, NONE, Filters
from workflows.identifiers.typed import identifier


def test_the_timers_of_bench_pressure_are_cases_that_wait_for_a_correction(database: str, worker: Worker) -> None:
    file_clean(3)
    pressure.add_timers(40)

    drain_all(worker())

    assert stages() == {"notified": 3, "needs_correction": 40}
    timers = "select count(*) from cases where queue = 'timers' and due_at is not null and not ready"
    assert value(timers) == 40
    with after(days=1.001):
        assert ring_timers() > 0


def filled() -> dict[str, int]:
    """How many rows each table has, of those that have some."""
    names = [name for (name,) in rows("select tablename from pg_tables where schemaname = 'public'")]
    counts = {name: int(value(f"select count(*) from {name}")) for name in names}
    return {name: count for name, count in counts.items() if count}


def test_the_copies_of_bench_growth_are_finished_cases(database: str, worker: Worker) -> None:
    file_clean(4)
    drain_all(worker())
    before = filled()

    growth.multiply(2)

    grows = {*growth.COPIED, "person", "issued_identifier"}
    assert filled() == {table: count * 3 if table in grows else count for table, count in before.items()}
    assert before.keys() >= grows
    assert stages() == {"notified": 12}
    assert [identifier(idcs) for (idcs,) in rows("select idcs from person")]


@pytest.mark.parametrize(("percent", "tries"), [(10, 1 / 0.9), (65, 1 / 0.35)])
@pytest.mark.parametrize("filters", [NONE, MOSIP])
def test_bench_identifiers_finds_as_many_taken_as_it_says(
    database: str, percent: int, tries: float, filters: Filters
) -> None:
    known = identifiers.issue_batch(2_000, drawn()).identifiers
    found = identifiers.issue_batch(2_000, identifiers.as_if_full(drawn(filters), known, percent))
    assert not set(known) & set(found.identifiers)
    assert tries * 0.93 < found.tries / 2_000 < tries * 1.2
    assert value("select count(*) from issued_identifier") == 4_000
    assert {name: count for name, count in examined().items() if count and "_without_" in name} == {}


def test_the_desk_of_bench_console_gives_fifty_people_a_case_each_and_their_appeals_are_the_engines(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "NEXT_ROUNDS", 1)
    console.fill(1000, 600)
    assert rows("select tab, count(*) from desk_item where queue = 'appeals' group by 1") == [("unassigned", 60)]
    assert all(read() is not None for read in console.readings().values())
    times, got = console.next_for_all("a review")
    rows("update desk_item set priority = 1 where queue = 'appeals'")
    more, appeals = console.next_for_all("an appeal")

    assert len(times) == len(more) == console.PEOPLE == len(set(got)) == len(set(appeals))
    assert not set(got) & set(appeals)
    assert rows("select kind, stage, count(*) from cases where id = any(%s) group by 1, 2", appeals) == [
        ("appeal", "under_examination", console.PEOPLE)
    ]
    assert value("select count(*) from event where kind = 'AppealAssigned' and case_id = any(%s)", appeals) == 50
