"""Signals have one shape, and the screening asks all that its rules name: a new one is a file and newer rules."""

from types import SimpleNamespace
from typing import get_type_hints

import pytest

from tests.factories import NOW, a_case_file
from workflows.casefile import CaseFile
from workflows.events.registration import DuplicateSuspected, NothingSuspicious, Signal
from workflows.evidence import ScreeningAnswer
from workflows.fraud import SIGNALS
from workflows.policies.rules import in_force
from workflows.stages import screen

RAISED = Signal(code="new", count=1)


def named(needs_a_person: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Newer rules, with one more signal, which is always raised."""
    new = SimpleNamespace(signal=lambda case, answer: RAISED, NEEDS_A_PERSON=needs_a_person)
    monkeypatch.setitem(SIGNALS, "new", new)
    monkeypatch.setitem(screen.RULES, "signals-new", (*screen.RULES[in_force(screen.RULES)], new))


@pytest.mark.parametrize("code", SIGNALS)
def test_every_signal_has_the_one_shape(code: str) -> None:
    each = SIGNALS[code]
    assert get_type_hints(each.signal) == {"case": CaseFile, "answer": ScreeningAnswer, "return": Signal | None}
    assert (type(each.WHY), type(each.INNOCENT), type(each.NEEDS_A_PERSON)) == (str, str, bool)
    assert each.signal(a_case_file(), ScreeningAnswer(at=NOW)) is None


def test_a_signal_that_is_named_and_needs_a_person_sends_the_case_to_one(monkeypatch: pytest.MonkeyPatch) -> None:
    named(True, monkeypatch)
    noted = Signal(code="phone_shared", count=4)
    event = screen.decide(a_case_file(), ScreeningAnswer(at=NOW, rules="signals-new", phone_households=4))
    assert event == DuplicateSuspected(rules="signals-new", signals=(noted, RAISED))


def test_one_that_needs_none_is_only_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    named(False, monkeypatch)
    assert screen.decide(a_case_file(), ScreeningAnswer(at=NOW, rules="signals-new")) == NothingSuspicious(
        rules="signals-new", noted=(RAISED,)
    )
