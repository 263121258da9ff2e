"""The doctor counts what one of the staff did and nobody noted."""

from datetime import timedelta
from typing import Any

import pytest

from tests.entries import NOON, an_entry, written
from tests.filing import Worker, drain_all, examined, file_clean, rows
from workflows.audit.acts import Act
from workflows.intake.submit import Accepted

WHO = "officer:0123456789abcdef"


@pytest.fixture
def acted(database: str, worker: Worker) -> Accepted:
    """A case whose second event is an officer's, at noon."""
    (taken,) = file_clean(1)
    drain_all(worker())
    rows("update event set actor = %s, at = %s where case_id = %s and seq = 2", WHO, NOON, taken.case_id)
    return taken


def without_audit() -> int:
    """What the doctor counts."""
    return examined().get("acts_without_audit", 0)


def test_an_act_without_its_entry_is_counted_and_one_with_it_is_not(acted: Accepted) -> None:
    assert without_audit() == 1

    written(an_entry(actor=WHO, act=Act.DECIDE_REVIEW, case_ids=[acted.case_id + 5, acted.case_id]))

    assert without_audit() == 0


@pytest.mark.parametrize(
    "other",
    [{"actor": "officer:else"}, {"at": NOON + timedelta(microseconds=1)}, {"case_ids": [99]}, {"case_ids": []}],
)
def test_another_entry_does_not_stand_for_it(acted: Accepted, other: dict[str, Any]) -> None:
    given: dict[str, Any] = {"actor": WHO, "case_ids": [acted.case_id]} | other
    written(an_entry(**given))

    assert without_audit() == 1


def test_what_citizens_and_the_machine_do_needs_no_entry(acted: Accepted) -> None:
    assert rows("select count(*) from event where actor not like 'officer:%%'") == [(5,)]
    rows("update event set actor = 'operator:0123456789abcdef' where seq = 3")

    assert without_audit() == 2
