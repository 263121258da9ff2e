"""Lodges appeals in tests, and lets people act on them."""

from collections.abc import Sequence
from typing import Any

from models import clock
from models.database import transact
from notifications.notices import notices
from workflows.bodies.appeal import AppealBody
from workflows.bodies.reading import valid
from workflows.casework.answers import AnswerResult, CitizenAnswer
from workflows.casework.appeals import Lodging, add, lodge
from workflows.casework.examining import (
    Staff,
    act_on_appeal,
    agreement,
    assignment,
    escalation,
    hand_back,
    request,
    retry,
    verdict,
)
from workflows.events.appeal import Finding
from workflows.intake.submit import Accepted

UPHOLD, REJECT = ("document_shows_it", "nothing_shows_it")
SAID = "ما سكنا هناك قط.\nNous vivons à Fès."
TELECOM: dict[str, Any] = {"contested": [{"path": "bills.telecom", "should_be": "49.50"}], "grounds": ["value_wrong"]}


def an_appeal(receipt: Accepted, decision: str = "refusal", key: str | None = None, **more: Any) -> Accepted:
    """Lodges an appeal against a decision on this case."""
    sent = {"reference": receipt.reference, "secret": receipt.secret, "decision": decision, "grounds": ["other"]} | more
    return transact(lambda connection: lodge(connection, Lodging(valid(AppealBody, sent), key), clock.now(), notices))


def say(appeal: Accepted, text: str = "We have the bill.") -> AnswerResult:
    """The citizen adds a text."""
    answer = CitizenAnswer(appeal.reference, appeal.secret, "statement", statement=text)
    return transact(lambda connection: add(connection, answer, clock.now(), notices))


def withdraw(appeal: Accepted) -> AnswerResult:
    """The citizen withdraws."""
    answer = CitizenAnswer(appeal.reference, appeal.secret, "withdrawal")
    return transact(lambda connection: add(connection, answer, clock.now(), notices))


def acts(
    appeal: Accepted, name: str, act: str, *given: Any, role: str = "caseworker", version: int | None = None
) -> AnswerResult:
    """A person of the staff acts: `assign`, `hand_back`, `ask`, `find`, `agree`, `escalate` or `retry`."""
    staff = Staff(appeal.reference, name, role, version)
    makers: dict[str, Any] = {
        "assign": assignment,
        "hand_back": hand_back,
        "ask": request,
        "propose": verdict,
        "agree": agreement,
        "escalate": escalation,
        "retry": retry,
    }
    form = makers[act](staff, *given)
    return transact(lambda connection: act_on_appeal(connection, staff, form, clock.now(), notices))


def findings(**found: bool) -> Sequence[Finding]:
    """Findings by path, of which `__` stands for a point; `decision=True` is on the whole."""
    return [Finding(path.replace("__", "."), upheld, UPHOLD if upheld else REJECT) for path, upheld in found.items()]
