"""Entries are sealed after their commit: each once, none missed, in an order that no late commit changes."""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
import structlog
from structlog.testing import LogCapture

from models.database import transaction
from tasks import sweep
from tests.entries import an_entry, written
from tests.filing import rows, value
from workflows.audit import sealing
from workflows.audit.entries import record
from workflows.audit.sealing import FIELDS, SEAL_LOCK, seal_all, seal_for
from workflows.audit.seals import EntryRow, seal_hash
from workflows.engine.hashes import GENESIS

SEALED = f"select s.position, s.hash, {FIELDS} from audit_seal s join audit_entry e on e.id = s.entry_id order by 1"
FOREIGN = """
    insert into audit_entry (at, xact, actor, role, act, purpose, case_ids, persons, count, detail)
    select now(), '99999999999'::xid8, 'officer:1', 'caseworker', 'read_case', 'case', '{}', '{}', 0, '{}'
    from generate_series(1, %s)
"""


def sealed() -> list[int]:
    """The numbers of the entries, in the order of their positions; every position and hash is as it should be."""
    before, found = GENESIS, rows(SEALED)
    for place, (position, hashed, *row) in enumerate(found, 1):
        assert (position, hashed) == (place, seal_hash(before, place, EntryRow._make(row).line()))
        before = hashed
    return [row[2] for row in found]


def test_every_committed_entry_is_sealed_once(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 3)
    written(*[an_entry(number) for number in range(10)])

    assert seal_for(10) == 10
    assert seal_for(10) == 0
    assert sealed() == list(range(1, 11))

    written(an_entry(10))
    assert seal_all() == 1
    assert sealed() == list(range(1, 12))


def test_a_late_commit_is_neither_missed_nor_put_before_others(database: str) -> None:
    with transaction() as late:
        record(late, an_entry(0))
        written(an_entry(1))

        assert seal_for(1) == 0  # what was committed comes after what may still be

    written(an_entry(2))
    assert seal_for(1) == 3
    assert sealed() == [1, 2, 3]


def test_an_entry_that_was_numbered_first_and_written_last_keeps_the_order_of_the_transactions(database: str) -> None:
    with transaction() as first:
        first.execute("select pg_current_xact_id()")
        written(an_entry(1))
        record(first, an_entry(0))

    assert seal_for(1) == 2
    assert sealed() == [2, 1]


def test_what_was_rolled_back_leaves_no_gap(database: str) -> None:
    with transaction() as connection:
        record(connection, an_entry(0))
        connection.rollback()
    written(an_entry(1))

    seal_for(1)

    assert sealed() == [2]


def test_a_sealer_leaves_the_work_to_the_one_that_is_at_it(database: str) -> None:
    written(an_entry())
    with transaction() as other:
        other.execute("select pg_advisory_xact_lock(%s)", [SEAL_LOCK])
        assert seal_for(1) == 0
    assert seal_for(1) == 1


def test_sealers_at_once_and_writers_meanwhile_leave_one_whole_chain(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "AT_ONCE", 7)

    def write(number: int) -> None:
        written(*[an_entry(number * 10 + each) for each in range(10)])

    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(write, number) for number in range(20)]
        at_it = [pool.submit(seal_for, 0.5) for _ in range(10)] + [pool.submit(seal_all) for _ in range(3)]
    assert [each.exception() for each in writing] == [None] * 20
    assert [each.exception() for each in at_it] == [None] * 13
    seal_for(5)

    assert sorted(sealed()) == list(range(1, 201))
    numbers = rows(
        "select xact::text::bigint, e.id from audit_seal s join audit_entry e on e.id = entry_id order by position"
    )
    assert all(one < other for one, other in pairwise(numbers))


def test_a_database_that_counts_its_transactions_anew_seals_old_and_new_entries(database: str) -> None:
    rows(FOREIGN, 3)
    assert seal_all() == 3
    rows(FOREIGN, 1)
    written(an_entry())

    assert seal_for(1) == 0  # all that is new lies before the last sealed one, or in the future

    assert seal_all() == 2
    written(an_entry())
    assert seal_for(1) == 1
    assert sealed() == [1, 2, 3, 4, 5, 6]


def test_entries_are_sealed_after_the_last_sealed_one_was_removed_by_force(database: str) -> None:
    written(an_entry(), an_entry(), an_entry())
    seal_all()
    rows("alter table audit_entry disable trigger audit_entry_kept")
    rows("delete from audit_entry where id = 3")
    written(an_entry())

    assert seal_for(1) == 1
    assert rows("select position, entry_id from audit_seal order by 1") == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_the_sweep_seals(database: str, broker: str) -> None:
    written(an_entry())

    sweep.sweep(sweep.FailureDetector())

    assert sealed() == [1]


def test_the_sweep_goes_on_where_sealing_fails(database: str, broker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(seconds: float) -> int:
        raise ZeroDivisionError

    logged = LogCapture()
    monkeypatch.setattr(sweep, "seal_for", fail)
    monkeypatch.setattr(sweep, "log", structlog.wrap_logger(structlog.PrintLogger(), processors=[logged]))

    sweep.sweep(sweep.FailureDetector())

    assert [each["event"] for each in logged.entries] == ["audit entries are not sealed"]
    assert value("select count(*) from audit_seal") == 0
