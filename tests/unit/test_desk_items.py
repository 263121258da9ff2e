"""The desk: every stage of people has its queue, for whom it waits, and when it is due."""

from datetime import timedelta

import pytest

from tests.factories import NOW, a_case_file
from workflows.desk.items import (
    COMMISSION,
    EITHER,
    FOR_CITIZEN,
    POPULATION_OFFICER,
    STAFF,
    SUPERVISOR,
    due_at,
    of_people,
    queue_of,
    waits_for,
)
from workflows.events.event import Event, Recorded
from workflows.events.registration import CorrectionAsked, IdentityNotConfirmed, MembersMismatched, RefusalProposed
from workflows.flows import FLOWS, PARKED, places, stage_of
from workflows.flows.grammar import OF_PEOPLE as PEOPLE
from workflows.policies import targets, targets_in_force

OF_PEOPLE = [(kind, stage.name) for kind, stage in places() if stage.owner in PEOPLE]
# For whom each stage of people waits. A new one fails the test below until it stands here.
WAITS = {
    ("registration", "needs_correction"): FOR_CITIZEN,
    ("registration", "identity_in_doubt"): EITHER,
    ("registration", "under_review"): STAFF,
    ("registration", "hearing"): FOR_CITIZEN,
    ("update", "conflicting"): FOR_CITIZEN,
    ("update", "leaving"): FOR_CITIZEN,
    ("update", "changing_phone"): FOR_CITIZEN,
    ("update", "needs_correction"): FOR_CITIZEN,
    ("update", "identity_in_doubt"): EITHER,
    ("update", "under_review"): STAFF,
    ("update", "hearing"): FOR_CITIZEN,
    ("appeal", "queued"): STAFF,
    ("appeal", "under_examination"): STAFF,
    ("appeal", "information_asked"): FOR_CITIZEN,
    ("appeal", "proposed"): STAFF,
    ("appeal", "with_supervisor"): SUPERVISOR,
    ("appeal", "with_commission"): COMMISSION,
    ("appeal", "correction_blocked"): STAFF,
    ("enrolment", "pre_enrolled"): FOR_CITIZEN,
    ("enrolment", "attested"): POPULATION_OFFICER,
    ("enrolment", "possible_duplicate"): POPULATION_OFFICER,
}


def test_every_stage_of_people_waits_for_somebody() -> None:
    assert {place: waits_for(*place) for place in OF_PEOPLE} == WAITS


def test_no_stage_of_the_machine_or_of_another_case_is_at_the_desk() -> None:
    assert {(kind, stage.name) for kind, stage in places() if of_people(kind, stage.name)} == set(WAITS)
    assert all(of_people(kind, PARKED) for kind in FLOWS)


@pytest.mark.parametrize(("kind", "stage"), OF_PEOPLE)
def test_every_stage_of_people_has_a_term_or_a_target_of_its_own(kind: str, stage: str) -> None:
    within = stage_of(kind, stage).within
    assert (within is None) == (stage in targets_in_force(NOW.date()).by_stage)
    assert due_at(stage, NOW, stage_of(kind, stage).deadline(NOW)) == NOW + (
        within or targets_in_force(NOW.date())[stage]
    )


def test_no_target_is_longer_than_the_time_after_which_the_stage_is_overdue() -> None:
    every = {stage.name: stage.every for _, stage in places() if stage.every}
    assert all(each[stage] < time for each in targets() for stage, time in every.items())
    assert due_at("a stage that nobody thought of", NOW, None) == NOW + timedelta(hours=72)


@pytest.mark.parametrize(
    ("stage", "past", "queue"),
    [
        ("needs_correction", [MembersMismatched(rules="", mismatches=())], "exceptions"),
        ("needs_correction", [MembersMismatched(rules="", mismatches=()), CorrectionAsked(reason="")], "reviews"),
        ("needs_correction", [CorrectionAsked(reason=""), MembersMismatched(rules="", mismatches=())], "exceptions"),
        ("needs_correction", [IdentityNotConfirmed(found=(), declared=1)], "exceptions"),
        ("identity_in_doubt", [], "exceptions"),
        ("hearing", [RefusalProposed(reason="")], "reviews"),
        ("under_review", [], "reviews"),
    ],
)
def test_what_waits_for_a_citizen_is_with_whoever_sent_it_back(stage: str, past: list[Event], queue: str) -> None:
    recorded = [Recorded(number, NOW, "sijil", each) for number, each in enumerate(past, 1)]
    assert queue_of(a_case_file(*recorded, stage=stage)) == queue
