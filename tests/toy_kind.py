"""Two kinds of cases that exist in tests alone: a question, which opens an errand and waits for it.

Their bodies hold no persons, and their stages have names that a registration uses with other properties. A worker
process knows them where `SIJIL_POPULATION_REGISTER` names tests/toy_register.py.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal

from models import clock
from models.database import Connection, transact
from notifications.notices import notices
from workflows import flows
from workflows.bodies.body import Body, Contact, Territory
from workflows.casefile import CaseFile, NewCase
from workflows.engine.lanes import INTERACTIVE
from workflows.engine.opening import (
    RECEIPTS,
    Origin,
    case_numbers,
    hash_of,
    insert_cases,
    opening,
    record_openings,
)
from workflows.engine.record import copy
from workflows.events.event import KINDS, CaseOpened, Event
from workflows.events.registration import CaseWithdrawn
from workflows.evidence import DECLARANT, OpenedCase, Reopening, Submission, TimePassed, Withdrawal
from workflows.flows.grammar import CASEWORKER, end, flow, machine, people, waiting
from workflows.flows.registration import RECEIVED
from workflows.stages import withdraw

Goes = Literal["well", "wrong", "nowhere"]


class Question(Body):
    """Something asked, about a household or about none; `goes` says how the errand that it opens will end."""

    text: str
    goes: Goes = "well"

    @property
    def contact(self) -> Contact:
        return Contact("fr", "+212612345678")

    @property
    def territory(self) -> Territory:
        return Territory(6, "MA-CAS")


class QuestionAsked(CaseOpened, frozen=True, kw_only=True, tag=True):
    """Somebody asks."""


class ErrandOpened(CaseOpened, frozen=True, kw_only=True, tag=True):
    """A question needs an errand."""


class ErrandSent(Event, frozen=True, kw_only=True, tag=True):
    """The question opens an errand."""


class ErrandRun(Event, frozen=True, kw_only=True, tag=True):
    """It went well."""


class ErrandRefused(Event, frozen=True, kw_only=True, tag=True):
    """It went wrong."""


class QuestionAnswered(Event, frozen=True, kw_only=True, tag=True):
    """The errand ended well."""


class QuestionOpen(Event, frozen=True, kw_only=True, tag=True):
    """The errand did not; a person looks."""

    why: str


class QuestionLookedAt(Event, frozen=True, kw_only=True, tag=True):
    """Time passed."""


class QuestionPutOff(Event, frozen=True, kw_only=True, tag=True):
    """Somebody asks for more time: the term begins anew."""


def send(case: CaseFile, evidence: TimePassed) -> ErrandSent:
    return ErrandSent()


def run(case: CaseFile, evidence: TimePassed) -> ErrandRun | ErrandRefused:
    if case.body.goes == "nowhere":
        raise ArithmeticError("planted")
    return ErrandRun() if case.body.goes == "well" else ErrandRefused()


def settle(case: CaseFile, errand: OpenedCase) -> QuestionAnswered | QuestionOpen:
    return QuestionAnswered() if errand.ended and errand.stage == "notified" else QuestionOpen(why=errand.stage)


def give_up(case: CaseFile, evidence: TimePassed) -> QuestionOpen:
    return QuestionOpen(why="late")


def look(case: CaseFile, evidence: TimePassed) -> QuestionLookedAt:
    return QuestionLookedAt()


def put_off(case: CaseFile, evidence: Reopening) -> QuestionPutOff:
    return QuestionPutOff()


def errand(case: CaseFile, event: Event) -> NewCase:
    return NewCase("errand", case.lane, case.household_id, case.body)


QUESTION = flow(
    "question",
    Question,
    QuestionAsked,
    machine("submitted", "scoring", {TimePassed: send}, {ErrandSent: "scored"}, opens={ErrandSent: errand}),
    waiting(
        "scored",
        {OpenedCase: settle, TimePassed: give_up},
        {QuestionAnswered: "notified", QuestionOpen: "under_review"},
        within=timedelta(days=5),
    ),
    people(
        "under_review",
        CASEWORKER,
        {Withdrawal: withdraw.decide, TimePassed: look, Reopening: put_off},
        {CaseWithdrawn: "notified", QuestionLookedAt: "under_review", QuestionPutOff: "under_review"},
        every=timedelta(days=3),
        renewed_by=frozenset({QuestionPutOff}),
    ),
    end("notified"),
    messages={
        QuestionAsked: RECEIVED,
        ErrandSent: None,
        QuestionAnswered: None,
        QuestionOpen: None,
        QuestionLookedAt: None,
        QuestionPutOff: None,
        CaseWithdrawn: None,
    },
)
ERRAND = flow(
    "errand",
    Question,
    ErrandOpened,
    machine("submitted", "fraud", {TimePassed: run}, {ErrandRun: "notified", ErrandRefused: "rejected"}),
    end("notified"),
    end("rejected"),
    messages={ErrandOpened: RECEIVED, ErrandRun: None, ErrandRefused: None},
)
EVENTS = (
    QuestionAsked,
    ErrandOpened,
    ErrandSent,
    ErrandRun,
    ErrandRefused,
    QuestionAnswered,
    QuestionOpen,
    QuestionLookedAt,
    QuestionPutOff,
)


def know() -> None:
    """From now on this process knows both kinds."""
    for each in (QUESTION, ERRAND):
        flows.add(each)
    KINDS.update({each.__name__: each for each in EVENTS})


def forget() -> None:
    """And from now on no more."""
    for each in (QUESTION, ERRAND):
        flows.FLOWS.pop(each.kind, None)
    flows.case_queues.cache_clear()
    flows.places.cache_clear()
    flows.asking_places.cache_clear()
    flows.asking_queues.cache_clear()
    for event in EVENTS:
        KINDS.pop(event.__name__, None)


@contextmanager
def known() -> Iterator[None]:
    """Within this block."""
    know()
    try:
        yield
    finally:
        forget()


forget()  # who only imports this module does not know them


def ask(*goes: Goes, households: Sequence[int | None] | None = None) -> list[int]:
    """Opens a question for each, about these households or about none; the numbers of the cases."""
    about = households or [None] * len(goes)
    return transact(lambda connection: open_questions(connection, goes, about, clock.now()))


def open_questions(
    connection: Connection,
    goes: Sequence[Goes],
    households: Sequence[int | None],
    now: datetime,
) -> list[int]:
    """As intake does: numbers, references, bodies and first events."""
    numbers = case_numbers(connection, len(goes))
    openings = [
        opening(
            number,
            NewCase("question", INTERACTIVE, household, Question(text=f"what of {number}?", goes=each)),
            Origin("api", f"api:question-{number}"),
            Submission(at=now, by=DECLARANT),
            notices,
        )
        for number, each, household in zip(numbers, goes, households, strict=True)
    ]
    receipts = [(each.file.reference, each.file.id, each.origin.key, hash_of(each.body)) for each in openings]
    copy(connection, "receipt", RECEIPTS, receipts)
    assert set(insert_cases(connection, openings)) == set(numbers)
    record_openings(connection, openings, now)
    return numbers
