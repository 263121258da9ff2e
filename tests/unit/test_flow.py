"""The map agrees with the stages, leads everywhere, and never leaves a case without somebody or some time to move it
on.
"""

from datetime import timedelta
from types import UnionType
from typing import get_args, get_type_hints

import pytest

from tests.factories import EVIDENCE, NOW
from workflows.casework.reviews import REVIEWED
from workflows.events.appeal import AppealRejected
from workflows.events.event import BESIDE_THE_FLOWS as BESIDE
from workflows.events.event import KINDS, Event
from workflows.events.registration import ApplicationRefused, CaseWithdrawn, HouseholdApproved
from workflows.events.update import HouseholdChanged
from workflows.evidence import (
    ANSWERS_OF_PEOPLE,
    BESIDE_THE_FLOWS,
    SIJIL,
    Agreement,
    AppealVerdict,
    ChangeSilence,
    Evidence,
    Reopening,
    ReviewVerdict,
    TimePassed,
    Withdrawal,
)
from workflows.flows import DELIVERY, FLOWS, PARKED, all_queues, case_queues, stage_of
from workflows.flows.grammar import MACHINE, NOBODY, Decide, Flow, Stage, clock_only
from workflows.flows.grammar import OF_PEOPLE as PEOPLE
from workflows.flows.registration import FLOW as REGISTRATION

STEPS = [(flow, step) for flow in FLOWS.values() for step in flow.stages.values()]
OPEN_STEPS = [step for _, step in STEPS if step.open or step.handlers]
OF_PEOPLE = [step for _, step in STEPS if step.owner in PEOPLE]


def may_return(decide: Decide) -> set[type[Event]]:
    """The events in a decision's annotation."""
    said = get_type_hints(decide)["return"]
    return set(get_args(said)) if isinstance(said, UnionType) else {said}


def takes(decide: Decide) -> type:
    """The evidence in a decision's annotation."""
    hints: dict[str, type] = get_type_hints(decide)
    return [hint for name, hint in hints.items() if name != "return"][1]


def gathered(step: Stage) -> type[Evidence]:
    """The evidence that a stage gets where nobody speaks."""
    evidence: type[Evidence] = get_args(get_type_hints(step.gather)["return"])[1]
    return evidence


def reachable(flow: Flow, start: str) -> set[str]:
    """Every stage that a case at `start` may come to."""
    found, ahead = set[str](), [start]
    while ahead:
        stage = ahead.pop()
        if stage not in found:
            found.add(stage)
            ahead += flow.stages[stage].transitions.values()
    return found


@pytest.mark.parametrize("step", [step for _, step in STEPS], ids=lambda step: step.name)
def test_the_events_that_a_stage_returns_are_those_that_the_map_leads_on(step: Stage) -> None:
    returned = set().union(*(may_return(decide) for decide in step.handlers.values()))
    assert returned == set(step.transitions)


@pytest.mark.parametrize("step", OPEN_STEPS, ids=lambda step: step.name)
def test_each_decision_stands_under_the_evidence_that_it_takes(step: Stage) -> None:
    assert {evidence: takes(decide) for evidence, decide in step.handlers.items()} == {
        evidence: evidence for evidence in step.handlers
    }


@pytest.mark.parametrize("step", [step for _, step in STEPS if step.owner == MACHINE], ids=lambda step: step.name)
def test_what_a_machine_stage_gathers_is_what_it_decides_on(step: Stage) -> None:
    assert set(step.handlers) - set(ANSWERS_OF_PEOPLE) == {gathered(step)}


def test_the_list_of_what_people_hand_in_is_whole_and_holds_nothing_else() -> None:
    given = {type(each) for each in EVIDENCE if each.by != SIJIL}
    assert given == {*ANSWERS_OF_PEOPLE, *BESIDE_THE_FLOWS}


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.kind)
def test_every_stage_is_reached_and_every_lead_exists(flow: Flow) -> None:
    assert reachable(flow, flow.first) == set(flow.stages)


@pytest.mark.parametrize(("flow", "step"), STEPS, ids=lambda each: getattr(each, "name", None))
def test_from_every_open_stage_a_case_can_reach_the_register(flow: Flow, step: Stage) -> None:
    if step.handlers:
        assert "notified" in reachable(flow, step.name), (
            f"{flow.kind}.{step.name} never reaches 'notified', the name of every good end"
        )


def test_every_event_kind_happens_in_some_flow_or_beside_all() -> None:
    happening = {event for flow in FLOWS.values() for event in flow.events()}
    assert happening | set(BESIDE) == set(KINDS.values())
    assert happening & set(BESIDE) == set()


@pytest.mark.parametrize("flow", FLOWS.values(), ids=lambda flow: flow.kind)
def test_every_event_of_a_flow_has_a_message_or_is_silent_on_purpose(flow: Flow) -> None:
    assert set(flow.messages) == set(flow.events())
    assert {*flow.unasked, *flow.confirming} <= {event for event, message in flow.messages.items() if message}


def test_machine_stages_have_a_queue() -> None:
    assert all(step.queue for _, step in STEPS if step.owner == MACHINE)


def test_these_stages_ask_for_something_and_for_all_others_time_alone_passes() -> None:
    assert {(flow.kind, step.name) for flow, step in STEPS if step.gather is not clock_only} >= {
        ("registration", "submitted"),
        ("registration", "verified"),
        ("registration", "scored"),
        ("registration", "fraud_checked"),
        ("appeal", "lodged"),
        ("appeal", "effective"),
    }
    asked_of_people = {
        (flow.kind, step.name) for flow, step in STEPS if step.gather is not clock_only and step.owner in PEOPLE
    }
    assert asked_of_people == {("update", "conflicting"), ("update", "needs_correction")}  # whether it may lapse


def test_the_queues_are_those_that_operators_know() -> None:
    assert (
        all_queues()
        == (*case_queues(), DELIVERY)
        == ("verification", "scoring", "fraud", "approval", "notification", "timers", "delivery")
    )


def test_an_application_begins_in_the_first_queue() -> None:
    assert REGISTRATION.stages[REGISTRATION.first].queue == case_queues()[0]


def test_an_application_goes_through_five_decisions_in_order() -> None:
    stage, seen = REGISTRATION.first, []
    while stage != "notified":
        seen.append(stage)
        stage = next(iter(REGISTRATION.stages[stage].transitions.values()))
    assert seen == ["submitted", "verified", "scored", "fraud_checked", "approved"]


# Nobody is left waiting ----------------------------------------------------------------------------


@pytest.mark.parametrize("step", OF_PEOPLE, ids=lambda step: step.name)
def test_a_stage_of_people_always_has_a_moment_at_which_it_is_looked_at(step: Stage) -> None:
    most = step.within or timedelta(days=29)
    for hours in range(0, most // timedelta(hours=1), 5):
        now = NOW + timedelta(hours=hours)
        due = step.next_timer(NOW, now)
        assert due is not None
        assert due > now
    assert step.queue in case_queues()
    assert {TimePassed, ChangeSilence} & step.handlers.keys()


def test_a_correction_is_reminded_after_a_week_and_after_three_and_ends_after_thirty_days() -> None:
    step, day = REGISTRATION.stages["needs_correction"], timedelta(days=1)
    moments = [NOW + 7 * day, NOW + 21 * day, NOW + 30 * day]
    assert [step.next_timer(NOW, now) for now in (NOW, *moments)] == [*moments, moments[-1]]
    assert step.deadline(NOW) == NOW + 30 * day


def test_a_hearing_is_reminded_after_a_week_and_after_twelve_days_and_ends_after_fifteen() -> None:
    step, day = REGISTRATION.stages["hearing"], timedelta(days=1)
    moments = [NOW + 7 * day, NOW + 12 * day, NOW + 15 * day]
    assert [step.next_timer(NOW, now) for now in (NOW, *moments)] == [*moments, moments[-1]]


def test_a_review_rings_every_ten_days_for_ever_and_has_no_deadline() -> None:
    step, day = REGISTRATION.stages["under_review"], timedelta(days=1)
    assert [step.next_timer(NOW, NOW + days * day) for days in (0, 9, 10, 1234)] == [
        NOW + days * day for days in (10, 10, 20, 1240)
    ]
    assert step.deadline(NOW) is None


def test_every_kind_that_a_caseworker_reviews_is_in_the_list_of_reviews() -> None:
    reviewed = {flow.kind for flow, step in STEPS if step.name == "under_review" and ReviewVerdict in step.handlers}
    assert set(REVIEWED) == reviewed


# Who may refuse ------------------------------------------------------------------------------------


def test_only_a_caseworkers_answer_can_refuse() -> None:
    refusing = {
        evidence
        for _, step in STEPS
        for evidence, decide in step.handlers.items()
        if ApplicationRefused in may_return(decide)
    }
    assert refusing == {ReviewVerdict}
    assert {step.name for _, step in STEPS if "rejected" in step.transitions.values()} == {"under_review"}


@pytest.mark.parametrize("step", [step for _, step in STEPS if step.owner == MACHINE], ids=lambda step: step.name)
def test_a_machine_leads_to_no_end_but_the_register(step: Stage) -> None:
    ends = {name for name, each in REGISTRATION.stages.items() if not each.handlers}
    by_itself = {to for event, to in step.transitions.items() if event is not CaseWithdrawn}
    assert by_itself & ends <= {"notified"}


@pytest.mark.parametrize(
    "flow",
    [flow for flow in FLOWS.values() if {HouseholdApproved, HouseholdChanged} & flow.messages.keys()],
    ids=lambda flow: flow.kind,
)
def test_nothing_that_follows_the_registration_lets_go_of_a_person(flow: Flow) -> None:
    """Else another household could claim a person who stands in the register."""
    reached = [
        to
        for step in flow.stages.values()
        for event, to in step.transitions.items()
        if event in (HouseholdApproved, HouseholdChanged)
    ]
    for name in reached:
        reached += [to for to in flow.stages[name].transitions.values() if to not in reached]
    assert reached
    assert all(flow.stages[name].holds_persons for name in reached)


DECIDED = {"approved", "decided", "effective", "correction_blocked"}  # what was asked for is granted there


@pytest.mark.parametrize(
    ("flow", "step"),
    [(flow, step) for flow, step in STEPS if step.open and step.name not in DECIDED],
    ids=lambda each: getattr(each, "name", None),
)
def test_a_citizen_may_withdraw_from_every_open_stage_before_the_decision(flow: Flow, step: Stage) -> None:
    assert Withdrawal in step.handlers, f"{flow.kind}.{step.name} takes no Withdrawal"
    assert step.transitions[CaseWithdrawn] == "withdrawn"


def test_an_end_is_nobodys_and_a_lapsed_registration_only_its_citizens() -> None:
    taken_up = {
        (kind, step.name): set(step.handlers)
        for kind, flow in FLOWS.items()
        for step in flow.stages.values()
        if step.owner == NOBODY and step.handlers
    }
    assert taken_up == {("registration", "lapsed"): {Reopening}}


def test_parked_is_beside_every_map() -> None:
    assert all(PARKED not in flow.stages for flow in FLOWS.values())
    with pytest.raises(KeyError):
        stage_of("registration", PARKED)


# Appeals -------------------------------------------------------------------------------------------


APPEAL = FLOWS["appeal"]


def outcomes(step: Stage, evidence: type[Evidence]) -> set[str]:
    """Where a stage leads on this evidence."""
    return {step.transitions[event] for event in may_return(step.handlers[evidence])}


def test_silence_raises_an_appeal_and_never_ends_it() -> None:
    raised = {
        name: outcomes(step, TimePassed) - {name}
        for name, step in APPEAL.stages.items()
        if TimePassed in step.handlers and step.owner != MACHINE
    }
    assert raised == {
        "queued": {"with_supervisor"},
        "under_examination": {"with_supervisor"},
        "information_asked": {"under_examination"},
        "proposed": {"under_examination"},
        "with_supervisor": {"with_commission"},
        "with_commission": set(),
        "effective": {"correction_blocked"},
        "correction_blocked": set(),
    }


def test_only_a_second_person_who_agrees_rejects_an_appeal() -> None:
    rejecting = {
        (name, evidence)
        for name, step in APPEAL.stages.items()
        for evidence, decide in step.handlers.items()
        if AppealRejected in may_return(decide)
    }
    assert rejecting == {("proposed", Agreement), ("with_commission", Agreement)}


def test_in_the_commission_nothing_is_decided_but_by_a_second_member() -> None:
    step = APPEAL.stages["with_commission"]
    assert outcomes(step, AppealVerdict) == {"with_commission"}
    assert outcomes(step, Agreement) == {"with_commission", "decided"}


def test_the_agency_has_sixty_days_and_is_reminded_on_the_forty_fifth_and_the_supervisor_has_fifteen_more() -> None:
    day = timedelta(days=1)
    for name in ("queued", "under_examination"):
        step = APPEAL.stages[name]
        assert [step.next_timer(NOW, NOW + days * day) for days in (0, 44, 45, 59)] == [
            NOW + days * day for days in (45, 45, 60, 60)
        ]
    assert APPEAL.stages["with_supervisor"].deadline(NOW) == NOW + 15 * day
    assert APPEAL.stages["with_commission"].every == 30 * day
