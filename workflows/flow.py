"""The life of a case on one page: who decides where, on what, and where each decision leads.

A stage that nobody listed here does not exist; an event that a stage may return and that is not listed fails a test.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workflows.casefile import CaseFile
from workflows.events import (
    ApplicationRefused,
    CaseParked,
    CaseReopened,
    CaseResumed,
    CaseWithdrawn,
    CorrectionAsked,
    CorrectionReceived,
    CorrectionReminded,
    DoubtLifted,
    DoubtReturned,
    DuplicateSuspected,
    Event,
    HouseholdApproved,
    Lapsed,
    MembersMismatched,
    NothingSuspicious,
    NoticesIssued,
    PersonsVerified,
    RefusalProposed,
    ReviewOverdue,
    ScoreComputed,
)  # fmt: skip
from workflows.evidence import (
    Correction,
    DoubtAnswer,
    Evidence,
    IndexInForce,
    RegisterAnswer,
    RegisterState,
    Reopening,
    ScreeningAnswer,
    TimePassed,
    Withdrawal,
)  # fmt: skip
from workflows.ports import Ports
from workflows.stages import approve, correct, lapse, notify, overdue, reopen, review, score, screen, verify, withdraw

MACHINE, CITIZEN, CASEWORKER, OPERATOR, NOBODY = "machine", "citizen", "caseworker", "operator", "nobody"

Decide = Callable[[CaseFile, Any], Event]
Gather = Callable[[Sequence[CaseFile], Ports], Mapping[int, Evidence]]


def time_alone(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, TimePassed]:
    """The evidence where nothing needs asking."""
    moment = TimePassed(at=ports.now)
    return {case.id: TimePassed(at=ports.now, deadline=case.deadline) if case.deadline else moment for case in batch}


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a flow: its owner, its queue, what decides, where each event leads, until when, and whether the case holds its persons meanwhile."""

    name: str
    owner: str
    leads: Mapping[type[Event], str]
    decides: Mapping[type[Evidence], Decide]
    queue: str | None = None
    gather: Gather = time_alone
    within: timedelta | None = None
    reminders: tuple[timedelta, ...] = ()
    every: timedelta | None = None
    holds_persons: bool = False  # else another household may claim them

    @property
    def open(self) -> bool:
        """Something is still to come."""
        return self.owner != NOBODY

    def deadline(self, since: datetime) -> datetime | None:
        """When the stage ends by itself, if it does."""
        return since + self.within if self.within else None

    def next_timer(self, since: datetime, now: datetime) -> datetime | None:
        """When this stage must be looked at next, if nobody speaks before. A stage of people always has such a moment: once all are over, its deadline."""
        if self.every:
            return since + self.every * ((now - since) // self.every + 1)
        moments = [since + wait for wait in (*self.reminders, *([self.within] if self.within else []))]
        return min((moment for moment in moments if moment > now), default=self.deadline(since))


@dataclass(frozen=True, slots=True)
class Flow:
    """A kind of case: its stages by name. The first is where it begins."""

    kind: str
    steps: Mapping[str, Step]
    first: str


def machine(  # noqa: PLR0913 - a row of the map, read by its names
    name: str, queue: str, decides: Mapping[type[Evidence], Decide], leads: Mapping[type[Event], str],
    *, gather: Gather = time_alone, withdrawable: bool = True,
) -> Step:  # fmt: skip
    """A stage that a worker decides. The citizen may withdraw before it does, unless the household is in the register by then."""
    if withdrawable:
        decides, leads = {**decides, Withdrawal: withdraw.decide}, {**leads, CaseWithdrawn: "withdrawn"}
    return Step(name, MACHINE, leads, decides, queue, gather, holds_persons=True)


def people(  # noqa: PLR0913 - a row of the map, read by its names
    name: str, owner: str, decides: Mapping[type[Evidence], Decide], leads: Mapping[type[Event], str],
    *, queue: str | None = None, within: timedelta | None = None, reminders: tuple[timedelta, ...] = (), every: timedelta | None = None,
) -> Step:  # fmt: skip
    """A stage that a person decides; `queue` is where its timers go when they ring."""
    return Step(name, owner, leads, decides, queue, time_alone, within, reminders, every)


def end(
    name: str, decides: Mapping[type[Evidence], Decide] | None = None, leads: Mapping[type[Event], str] | None = None, *, holds_persons: bool = False
) -> Step:
    """Nothing follows, unless somebody takes it up again."""
    return Step(name, NOBODY, leads or {}, decides or {}, holds_persons=holds_persons)


def flow(kind: str, *steps: Step) -> Flow:
    """The map of one kind of case."""
    return Flow(kind, {step.name: step for step in steps}, steps[0].name)


# The periods of people's stages are assumed: the decree's were not found (docs/formats.md names them as such).
REGISTRATION = flow(
    "registration",
    machine(
        "submitted", "verification", {RegisterAnswer: verify.decide},
        {PersonsVerified: "verified", MembersMismatched: "needs_correction"}, gather=verify.gather,
    ),
    machine("verified", "scoring", {IndexInForce: score.decide}, {ScoreComputed: "scored"}, gather=score.gather),
    machine(
        "scored", "fraud", {ScreeningAnswer: screen.decide},
        {NothingSuspicious: "fraud_checked", DuplicateSuspected: "under_review", DoubtReturned: "under_review"}, gather=screen.gather,
    ),
    machine("fraud_checked", "approval", {RegisterState: approve.decide}, {HouseholdApproved: "approved"}, gather=approve.gather),
    machine("approved", "notification", {TimePassed: notify.decide}, {NoticesIssued: "notified"}, withdrawable=False),
    people(
        "needs_correction", CITIZEN,
        {Correction: correct.decide, Withdrawal: withdraw.decide, TimePassed: lapse.decide},
        {CorrectionReceived: "submitted", CaseWithdrawn: "withdrawn", CorrectionReminded: "needs_correction", Lapsed: "lapsed"},
        queue="notification", within=timedelta(days=30), reminders=(timedelta(days=7), timedelta(days=21)),
    ),
    people(
        "under_review", CASEWORKER,
        {DoubtAnswer: review.decide, Withdrawal: withdraw.decide, TimePassed: overdue.decide},
        {
            DoubtLifted: "scored", CorrectionAsked: "needs_correction", RefusalProposed: "under_review",
            ApplicationRefused: "rejected", CaseWithdrawn: "withdrawn", ReviewOverdue: "under_review",
        },
        queue="notification", every=timedelta(days=10),
    ),
    end("lapsed", {Reopening: reopen.decide}, {CaseReopened: "submitted"}),
    end("notified", holds_persons=True),
    end("rejected"),
    end("withdrawn"),
)  # fmt: skip

FLOWS: dict[str, Flow] = {REGISTRATION.kind: REGISTRATION}
STAGES: tuple[Step, ...] = tuple(step for each in FLOWS.values() for step in each.steps.values())
PARKED = "parked"  # beside every flow: our fault, an operator's to mend; resuming leads back to where it failed

# The queues of the cases; beside them stands that of the ledger's messages.
QUEUES: tuple[str, ...] = tuple(dict.fromkeys(step.queue for step in STAGES if step.queue))
FIRST_QUEUE = QUEUES[0]  # where an application begins
DELIVERY = "delivery"
ALL_QUEUES = (*QUEUES, DELIVERY)


def step_of(kind: str, stage: str) -> Step:
    """The row of the map for a stage of a kind of case."""
    return FLOWS[kind].steps[stage]


def stage_after(kind: str, stage: str, event: Event) -> str:
    """Where an event leaves a case that stands at `stage`. One that the map does not know here leaves it where it is."""
    if isinstance(event, CaseParked):
        return PARKED
    if isinstance(event, CaseResumed):
        return event.stage
    return stage if stage == PARKED else step_of(kind, stage).leads.get(type(event), stage)
