"""Lets citizens and caseworkers answer in tests, and moves the clock."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from models import clock
from models.database import transact, transaction
from notifications.notices import notices
from tests.filing import Body
from workflows.bodies.declaration import Declaration
from workflows.casework.answers import (
    AnswerResult,
    CaseworkerAnswer,
    CitizenAnswer,
    answer_of_caseworker,
    answer_of_citizen,
)
from workflows.casework.answers import resume as resume_cases
from workflows.intake.submit import Accepted
from workflows.queue.timers import SLACK, fire_timers
from workflows.stages.review import ABOUT_VALUES

TELECOM = ("bills.telecom",)  # what a reason is about that must be about a value
ALL_TABLES = (
    "cases",
    "event",
    "message",
    "case_body",
    "case_text",
    "document",
    "person_claim",
    "receipt",
)  # that an answer can change


def citizen(
    receipt: Accepted, kind: str, body: Body | None = None, version: int | None = None, secret: str | None = None
) -> AnswerResult:
    """Records a citizen's answer."""
    declaration = None
    if body:
        declared = {name: given for name, given in body.items() if name != "application"}
        declaration = Declaration.model_validate(declared)
    answer = CitizenAnswer(receipt.reference, secret or receipt.secret, kind, version, declaration)
    return transact(lambda connection: answer_of_citizen(connection, answer, clock.now(), notices))


def caseworker(
    receipt: Accepted,
    verdict: str,
    reason: str,
    name: str = "amina",
    version: int | None = None,
    about: Sequence[str] | None = None,
) -> AnswerResult:
    """Records a caseworker's answer; about the bill for telephone and internet where it must be about a value."""
    if about is None:
        about = TELECOM if reason in ABOUT_VALUES else ()
    answer = CaseworkerAnswer(receipt.reference, name, verdict, reason, version, about)
    return transact(lambda connection: answer_of_caseworker(connection, answer, clock.now(), notices))


def heard(receipt: Accepted, text: str = "We never lived there.") -> AnswerResult:
    """Records what the citizen says to the refusal that a caseworker proposed."""
    answer = CitizenAnswer(receipt.reference, receipt.secret, "statement", statement=text)
    return transact(lambda connection: answer_of_citizen(connection, answer, clock.now(), notices))


def refused(receipt: Accepted, reason: str = "false_declaration", by: tuple[str, str] = ("amina", "brahim")) -> None:
    """Lets a caseworker propose a refusal, the citizen answer, and a second caseworker refuse."""
    caseworker(receipt, "refuse", reason, by[0])
    heard(receipt)
    caseworker(receipt, "refuse", reason, by[1])


def retry_parked(*case_ids: int) -> None:
    """Resumes parked cases, as an operator does."""
    with transaction() as connection:
        resume_cases(connection, case_ids, "operator", clock.now(), notices)


def ring_timers() -> int:
    """Fires the timers that are due, as the sweep does; how many there were."""
    with transaction() as connection:
        return fire_timers(connection, clock.now() + SLACK)


@contextmanager
def after(days: float = 0, seconds: float = 0, since: datetime | None = None) -> Iterator[datetime]:
    """Moves the clock so much later for the block."""
    moment = (since or clock.now()) + timedelta(days=days, seconds=seconds)
    with clock.at(moment):
        yield moment
