"""The grammar of flows: a flow is a kind of case, its stages, who handlers at each on what evidence, and where each
event leads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from workflows.casefile import CaseFile
from workflows.events import CaseWithdrawn, Event
from workflows.evidence import Evidence, TimePassed, Withdrawal
from workflows.registers.ports import Ports
from workflows.stages import withdraw

MACHINE, CITIZEN, CASEWORKER, OPERATOR, NOBODY = "machine", "citizen", "caseworker", "operator", "nobody"

Decide = Callable[[CaseFile, Any], Event]
Gather = Callable[[Sequence[CaseFile], Ports], Mapping[int, Evidence]]


def clock_only(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, TimePassed]:
    """The evidence where nothing needs asking."""
    moment = TimePassed(at=ports.now)
    return {case.id: TimePassed(at=ports.now, deadline=case.deadline) if case.deadline else moment for case in batch}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a flow: its owner, its queue, who decides, where each event leads, until when, and whether the case
    holds its persons meanwhile.
    """

    name: str
    owner: str
    transitions: Mapping[type[Event], str]
    handlers: Mapping[type[Evidence], Decide]
    queue: str | None = None
    gather: Gather = clock_only
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
        """When this stage must be looked at next, if nobody speaks before.

        A stage of people always has such a moment: once all are over, its deadline.
        """
        if self.every:
            return since + self.every * ((now - since) // self.every + 1)
        moments = [since + wait for wait in (*self.reminders, *([self.within] if self.within else []))]
        return min((moment for moment in moments if moment > now), default=self.deadline(since))


@dataclass(frozen=True, slots=True)
class Flow:
    """A kind of case: its stages by name. The first is where it begins."""

    kind: str
    stages: Mapping[str, Stage]
    first: str


def machine(  # noqa: PLR0913 - a row of the map, read by its names
    name: str,
    queue: str,
    handlers: Mapping[type[Evidence], Decide],
    transitions: Mapping[type[Event], str],
    *,
    gather: Gather = clock_only,
    withdrawable: bool = True,
) -> Stage:
    """A stage that a worker decides.

    The citizen may withdraw before it does, unless the household is in the register by then.
    """
    if withdrawable:
        handlers = {**handlers, Withdrawal: withdraw.decide}
        transitions = {**transitions, CaseWithdrawn: "withdrawn"}
    return Stage(name, MACHINE, transitions, handlers, queue, gather, holds_persons=True)


def people(  # noqa: PLR0913 - a row of the map, read by its names
    name: str,
    owner: str,
    handlers: Mapping[type[Evidence], Decide],
    transitions: Mapping[type[Event], str],
    *,
    queue: str | None = None,
    within: timedelta | None = None,
    reminders: tuple[timedelta, ...] = (),
    every: timedelta | None = None,
) -> Stage:
    """A stage that a person decides; `queue` is where its timers go when they ring."""
    return Stage(name, owner, transitions, handlers, queue, clock_only, within, reminders, every)


def end(
    name: str,
    handlers: Mapping[type[Evidence], Decide] | None = None,
    transitions: Mapping[type[Event], str] | None = None,
    *,
    holds_persons: bool = False,
) -> Stage:
    """Nothing follows, unless somebody takes it up again."""
    return Stage(name, NOBODY, transitions or {}, handlers or {}, holds_persons=holds_persons)


def flow(kind: str, *steps: Stage) -> Flow:
    """The map of one kind of case."""
    return Flow(kind, {step.name: step for step in steps}, steps[0].name)
