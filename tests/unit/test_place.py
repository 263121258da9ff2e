"""Where a case stands after a move: a queue, a timer, an operator, or nowhere any more."""

from datetime import timedelta

import pytest

from tests.factories import NOW, a_case_file
from workflows.engine.lanes import ALLOWANCE, BULK
from workflows.engine.record import holds_persons, queue_state
from workflows.flows import FLOWS, PARKED, stage_of
from workflows.flows.grammar import CASEWORKER, CITIZEN, MACHINE
from workflows.flows.registration import FLOW as REGISTRATION

LATER = NOW + timedelta(days=3)
STAGES = [*REGISTRATION.stages, PARKED]
OF_PEOPLE = [
    (kind, step.name)
    for kind, flow in FLOWS.items()
    for step in flow.stages.values()
    if step.owner in (CITIZEN, CASEWORKER)
]


@pytest.mark.parametrize("stage", [name for name, step in REGISTRATION.stages.items() if step.owner == MACHINE])
def test_a_case_at_a_machine_stage_is_due_at_once_in_its_queue(stage: str) -> None:
    found = queue_state(a_case_file(stage=stage, lane=BULK), LATER)
    assert (found.open, found.machine, found.ready, found.due_at) == (True, True, True, None)
    assert found.queue == REGISTRATION.stages[stage].queue
    assert found.rank == LATER + ALLOWANCE[BULK]


@pytest.mark.parametrize(("stage", "due"), [("needs_correction", 7), ("under_review", 10)])
def test_a_case_with_people_waits_for_its_timer(stage: str, due: int) -> None:
    found = queue_state(a_case_file(stage=stage), LATER)
    assert (found.open, found.machine, found.ready) == (True, False, False)
    assert found.due_at == NOW + timedelta(days=due)
    assert found.queue == "timers"


@pytest.mark.parametrize(("kind", "stage"), OF_PEOPLE)
def test_no_stage_of_people_ever_stands_without_a_timer(kind: str, stage: str) -> None:
    """However late a case comes there: one that was parked beyond its deadline, say."""
    file, step = a_case_file(kind=kind, stage=stage), stage_of(kind, stage)
    days = [NOW + timedelta(days=day) for day in range(400)]
    moments = [*days, step.deadline(NOW) or NOW, *[NOW + wait for wait in step.reminders]]
    assert [moment for moment in moments if queue_state(file, moment).due_at is None] == []


def test_a_correction_a_hearing_and_a_wait_for_another_household_have_a_deadline() -> None:
    deadlines = {stage: queue_state(a_case_file(stage=stage), NOW).deadline for stage in STAGES}
    assert {stage: deadline for stage, deadline in deadlines.items() if deadline} == {
        "needs_correction": NOW + timedelta(days=30),
        "hearing": NOW + timedelta(days=15),
        "awaiting_person": NOW + timedelta(days=30),
    }


@pytest.mark.parametrize("stage", ["notified", "rejected", "withdrawn", "lapsed"])
def test_a_case_at_an_end_is_nowhere_any_more(stage: str) -> None:
    found = queue_state(a_case_file(stage=stage), LATER)
    assert (found.open, found.machine, found.ready, found.queue, found.due_at) == (False, False, False, None, None)


def test_a_parked_case_is_open_and_waits_for_nothing_but_an_operator() -> None:
    found = queue_state(a_case_file(stage=PARKED), LATER)
    assert (found.open, found.machine, found.ready, found.queue, found.due_at, found.deadline) == (
        True,
        False,
        False,
        None,
        None,
        None,
    )


def test_no_open_case_is_an_orphan() -> None:
    """Every open case is due, timed, or an operator's."""
    for stage in STAGES:
        found = queue_state(a_case_file(stage=stage), LATER)
        assert not found.open or found.ready or found.due_at is not None or stage == PARKED, stage


def test_a_case_that_is_with_people_holds_nobody_and_one_in_work_or_registered_does() -> None:
    holding = {stage for stage in STAGES if holds_persons(REGISTRATION.kind, stage)}
    in_work = {"submitted", "verified", "scored", "fraud_checked", "approved"}
    assert holding == in_work | {"awaiting_person", "notified", PARKED}


def test_every_kind_of_case_begins_where_a_machine_takes_it_up_or_a_person_is_awaited() -> None:
    begun = {kind: queue_state(a_case_file(kind=kind, stage=flow.first), NOW) for kind, flow in FLOWS.items()}
    assert {kind for kind, state in begun.items() if not state.ready} == {"enrolment"}
