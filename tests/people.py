"""Citizens, caseworkers and the clock, as tests move them."""

from collections.abc import Iterator
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

ALL_TABLES = ("cases", "event", "message", "case_body", "person_claim", "receipt")  # that an answer can change


def citizen(
    taken: Accepted, kind: str, body: Body | None = None, version: int | None = None, secret: str | None = None
) -> AnswerResult:
    """A citizen's answer, committed."""
    sent = (
        Declaration.model_validate({name: given for name, given in body.items() if name != "application"})
        if body
        else None
    )
    answer = CitizenAnswer(taken.reference, secret or taken.secret, kind, version, sent)
    return transact(lambda connection: answer_of_citizen(connection, answer, clock.now(), notices))


def caseworker(
    taken: Accepted, verdict: str, reason: str, name: str = "amina", version: int | None = None
) -> AnswerResult:
    """A caseworker's answer, committed."""
    answer = CaseworkerAnswer(taken.reference, name, verdict, reason, version)
    return transact(lambda connection: answer_of_caseworker(connection, answer, clock.now(), notices))


def retry_parked(*case_ids: int) -> None:
    """An operator sends parked cases on."""
    with transaction() as connection:
        resume_cases(connection, case_ids, "operator", clock.now(), notices)


def ring_timers() -> int:
    """What the sweep does about timers, as soon as it does."""
    with transaction() as connection:
        return fire_timers(connection, clock.now() + SLACK)


@contextmanager
def after(days: float = 0, seconds: float = 0, since: datetime | None = None) -> Iterator[datetime]:
    """The time is so much later."""
    moment = (since or clock.now()) + timedelta(days=days, seconds=seconds)
    with clock.at(moment):
        yield moment
