"""Whatever is declared and whatever is known: each decision is on the map, comes out the same again, and no machine
refuses.
"""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import Refused
from tests.factories import NOW
from tests.strategies import answers, case_files, caseworkers
from workflows.casefile import CaseFile
from workflows.engine.chain import encode
from workflows.events.event import Event
from workflows.events.registration import (
    ApplicationRefused,
    CaseWithdrawn,
    DuplicateSuspected,
    HearingUnanswered,
    RefusalProposed,
    StatementReceived,
)
from workflows.evidence import ANSWERS_OF_PEOPLE, Evidence, ReviewVerdict
from workflows.evidence import KINDS as EVIDENCE_KINDS
from workflows.flows.grammar import Stage
from workflows.flows.registration import FLOW as REGISTRATION

STEPS = REGISTRATION.stages
QUESTIONS = [(step, kind) for step in STEPS.values() for kind in step.handlers]
WITHOUT_A_PERSON = [(step, kind) for step, kind in QUESTIONS if kind not in ANSWERS_OF_PEOPLE]
HARMLESS = {
    "submitted",
    "verified",
    "scored",
    "fraud_checked",
    "approved",
    "notified",
    "needs_correction",
    "identity_in_doubt",
    "under_review",
    "hearing",
}
FEW = settings(max_examples=10)
WAITS = st.timedeltas(timedelta(0), timedelta(days=60))


def name_of(part: object) -> str:
    return str(getattr(part, "name", getattr(part, "__name__", part)))


def decided(step: Stage, case: CaseFile, evidence: Evidence) -> Event | None:
    """What the map's decision on this evidence is; None where one caseworker alone would refuse, or a second one for
    another reason: the only answers that a rule forbids here.
    """
    try:
        return step.handlers[type(evidence)](case, evidence)
    except Refused as refused:
        if refused.code not in ("needs_second_person", "another_reason"):
            raise
        return None


@pytest.mark.parametrize(("step", "kind"), QUESTIONS, ids=name_of)
@FEW
@given(data=st.data())
def test_any_declaration_with_any_evidence_gives_an_event_of_the_map(
    step: Stage, kind: type[Evidence], data: st.DataObject
) -> None:
    case = data.draw(case_files(step))
    event = decided(step, case, data.draw(answers(kind, case, NOW + data.draw(WAITS))))
    assert event is None or type(event) in step.transitions


@pytest.mark.parametrize(("step", "kind"), WITHOUT_A_PERSON, ids=name_of)
@FEW
@given(data=st.data())
def test_no_machine_refuses_whatever_it_learns(step: Stage, kind: type[Evidence], data: st.DataObject) -> None:
    """G7: without a person's word a case goes on, asks, waits for a person or lapses; it is never refused or taken
    back.
    """
    case = data.draw(case_files(step))
    event = decided(step, case, data.draw(answers(kind, case, NOW + data.draw(WAITS))))
    assert event is not None
    assert not isinstance(event, ApplicationRefused | CaseWithdrawn)
    to = step.transitions[type(event)]
    assert to in HARMLESS or (to == "lapsed" and step.name == "needs_correction")


@pytest.mark.parametrize(("step", "kind"), QUESTIONS, ids=name_of)
@FEW
@given(data=st.data())
def test_a_decision_computed_again_from_what_was_stored_is_the_same_to_the_last_byte(
    step: Stage, kind: type[Evidence], data: st.DataObject
) -> None:
    """G5: evidence and facts go through their stored bytes, and nothing that was given is changed."""
    case = data.draw(case_files(step))
    evidence = data.draw(answers(kind, case, NOW + data.draw(WAITS)))
    before = encode(evidence), dict(case.past), case.declaration.model_dump_json()
    event = decided(step, case, evidence)
    assert (encode(evidence), dict(case.past), case.declaration.model_dump_json()) == before
    again = decided(step, case, msgspec.json.decode(encode(evidence), type=EVIDENCE_KINDS[kind.__name__]))
    assert encode(again) == encode(event)
    if event is not None:
        assert encode(msgspec.json.decode(encode(event), type=type(event))) == encode(event)


@given(data=st.data())
def test_a_refusal_always_rests_on_a_hearing_and_two_different_caseworkers_in_one_review(data: st.DataObject) -> None:
    step = STEPS["under_review"]
    case = data.draw(case_files(step))
    by, about = data.draw(caseworkers()), ("bills.telecom",)
    answer = ReviewVerdict(at=NOW, by=by, verdict="refuse", reason="false_declaration", about=about)
    event = decided(step, case, answer)
    proposed = case.past.get(RefusalProposed)
    heard = [case.past[kind].seq for kind in (StatementReceived, HearingUnanswered) if kind in case.past]
    if proposed is None or not case.past[DuplicateSuspected].seq < proposed.seq < max(heard, default=0):
        assert event == RefusalProposed(reason=answer.reason, about=about)
    elif proposed.actor != answer.by:
        assert event == ApplicationRefused(reason=answer.reason, proposed_by=proposed.actor, about=about)
    else:
        assert event is None
