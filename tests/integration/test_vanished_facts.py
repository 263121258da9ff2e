"""Evidence, facts and salt that are gone: lawfully, which is counted, or by hand, which is a break."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from models import clock
from tests.filing import Worker, drain_all, file_clean, leave_register, rows
from tests.integration.auditing import erase, verify
from workflows.history.retention import retain
from workflows.intake.submit import Accepted
from workflows.policies import periods

EMPTY = "update event set evidence = null, facts = null, salt = null where case_id = %s and seq = %s"


@pytest.fixture
def notified(database: str, worker: Worker) -> list[Accepted]:
    """Two applications that came to their end, of six events each."""
    taken = file_clean(2)
    drain_all(worker())
    return taken


def after_the_period(days: int) -> datetime:
    return clock.now() + timedelta(days=periods()["event"].days + days)


def gone(taken: Accepted, seq: int) -> str:
    return f"case {taken.case_id}, event {seq}: evidence, facts and salt are gone, but were not erased by law"


def test_what_was_emptied_by_hand_before_its_period_is_over_is_a_break_with_case_and_event(
    notified: list[Accepted], tmp_path: Path
) -> None:
    rows(EMPTY, notified[0].case_id, 3)

    found = verify(tmp_path)

    assert (found.breaks, found.erased) == ([gone(notified[0], 3)], 0)


def test_a_case_that_is_open_may_have_lost_nothing_however_old_it_is(database: str, tmp_path: Path) -> None:
    (taken,) = file_clean(1)
    rows(EMPTY, taken.case_id, 1)

    assert verify(tmp_path).breaks == [gone(taken, 1)]
    assert verify(tmp_path, after_the_period(1)).breaks == [gone(taken, 1)]


def test_a_case_that_is_made_to_look_old_is_as_old_as_its_events(notified: list[Accepted], tmp_path: Path) -> None:
    rows(EMPTY, notified[0].case_id, 3)
    rows(
        "update cases set stage_since = stage_since - interval '20 years', submitted_at = submitted_at - interval '20 "
        "years'"
    )

    assert verify(tmp_path).breaks == [gone(notified[0], 3)]


def test_what_was_erased_by_law_is_counted_and_no_break(notified: list[Accepted], tmp_path: Path) -> None:
    erase(notified[0])

    found = verify(tmp_path)

    assert (found.breaks, found.events, found.erased) == ([], 13, 6)


def test_the_erasure_of_one_case_excuses_no_other(notified: list[Accepted], tmp_path: Path) -> None:
    erase(notified[0])
    rows(EMPTY, notified[1].case_id, 6)

    found = verify(tmp_path)

    assert (found.breaks, found.erased) == ([gone(notified[1], 6)], 6)


def test_an_erasure_of_an_open_case_excuses_nothing(notified: list[Accepted], tmp_path: Path) -> None:
    erase(notified[0])
    rows("update cases set open = true where id = %s", notified[0].case_id)

    assert verify(tmp_path).breaks == [gone(notified[0], seq) for seq in range(1, 8)]


def test_an_erasure_excuses_only_what_stands_before_it(notified: list[Accepted], tmp_path: Path) -> None:
    rows(EMPTY, notified[0].case_id, 6)
    rows("update event set kind = 'CaseErased' where case_id = %s and seq = 4", notified[0].case_id)

    assert gone(notified[0], 6) in verify(tmp_path).breaks


def test_what_retention_took_is_counted_and_no_break(notified: list[Accepted], tmp_path: Path) -> None:
    leave_register()
    with clock.at(after_the_period(1)):
        retain()

    found = verify(tmp_path, after_the_period(1))

    assert (found.breaks, found.events, found.erased) == ([], 12, 12)
    assert len(verify(tmp_path, after_the_period(-1)).breaks) == 12


def test_what_is_erased_after_its_period_is_erased_all_the_same(notified: list[Accepted], tmp_path: Path) -> None:
    leave_register()
    with clock.at(after_the_period(1)):
        retain()
        erase(notified[0])

    found = verify(tmp_path, after_the_period(1))

    assert (found.breaks, found.events, found.erased) == ([], 13, 12)
