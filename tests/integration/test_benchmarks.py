"""What the benchmarks write past the engine is what it would have written: else they measure something else."""

from benchmarks import growth, pressure
from tests.filing import Worker, drain_all, examined, file_clean, rows, stages, value
from tests.people import after, ring_timers


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

    grows = {*growth.COPIED, "person"}
    assert filled() == {table: count * 3 if table in grows else count for table, count in before.items()}
    assert before.keys() >= grows
    assert stages() == {"notified": 12}
    assert {name: count for name, count in examined().items() if count and "_without_" in name} == {}
