"""The grammar of flows: a flow is a kind of case with its stages; a stage says who decides on what, what follows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from workflows.bodies.body import Body
from workflows.casefile import CaseFile, NewCase
from workflows.events.event import CaseOpened, Event
from workflows.evidence import Evidence, TimePassed
from workflows.registers.ports import DeclaredPerson, Ports

# Who owns a stage: whose turn it is.
MACHINE, CITIZEN, CASEWORKER, POPULATION_OFFICER, OPERATOR, OTHER_CASE, OTHER_HOUSEHOLD, NOBODY = (
    "machine",
    "citizen",
    "caseworker",
    "population_officer",
    "operator",
    "case",
    "household",
    "nobody",
)
STAFF = (CASEWORKER, POPULATION_OFFICER)
OF_PEOPLE = (CITIZEN, *STAFF)
TIMERS = "timers"  # the queue of everything whose time has come in a stage where people or another case are awaited

Decide = Callable[[CaseFile, Any], Event]
Gather = Callable[[Sequence[CaseFile], Ports], Mapping[int, Evidence]]  # a case for which nobody answered is absent
Ask = Callable[[CaseFile], Sequence[DeclaredPerson]]  # about whom `gather` asks the population register
Open = Callable[[CaseFile, Any], NewCase]


def clock_only(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, TimePassed]:
    """The evidence where nothing needs asking."""
    moment = TimePassed(at=ports.now)
    return {case.id: TimePassed(at=ports.now, deadline=case.deadline) if case.deadline else moment for case in batch}


def opened_cases(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, Evidence]:
    """What became of the case that each of these opened; where that is still under way, time passed."""
    ended = ports.cases.opened_by([case.id for case in batch])
    return {**clock_only(batch, ports), **ended}


BESIDES = "_besides"  # ends the template's name where somebody else gets the same message


class Message(NamedTuple):
    """A message that an event makes owed: its template's name, and its English text, which is the catalogues' key.

    A text may have places for `reference`, and for `days` and `day`: the period of the stage that the event led to, and
    the last day of it.
    """

    template: str
    text: str
    urgent: bool = False  # it goes out at night, too
    # A term hangs on it: that of the stage to which its event led, or that in which its decision may be contested. So
    # it is repeated unless its delivery is proved.
    needs_proof: bool = False
    to_besides: bool = False  # to who is told besides, and may object, not to who gets the message first

    @property
    def to_prove(self) -> str:
        """The template of that of its messages whose delivery is to be proved."""
        return f"{self.template}{BESIDES}" if self.to_besides else self.template


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a flow: its owner and queue, who decides on what, where each event leads, and until when."""

    name: str
    owner: str
    transitions: Mapping[type[Event], str]
    handlers: Mapping[type[Evidence], Decide]
    queue: str | None = None
    gather: Gather = clock_only
    within: timedelta | None = None  # the stage ends by itself after so long
    reminders: tuple[timedelta, ...] = ()
    every: timedelta | None = None  # it is looked at again and again
    holds_persons: bool = False  # else another household may claim them
    renewed_by: frozenset[type[Event]] = frozenset()  # events that leave the case here and begin its periods anew
    opens: Mapping[type[Event], Open] = field(default_factory=dict)  # events that open another case, and which
    asks: Ask | None = None  # where the population register is elsewhere, the stage is remote

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
    """A kind of case: what its body is, by which event it begins, its stages, and what people are told.

    It begins at the first stage. Every event of the flow has its line in `messages`; None: nobody is told.
    """

    kind: str
    body: type[Body]
    opened_by: type[CaseOpened]
    stages: Mapping[str, Stage]
    first: str
    messages: Mapping[type[Event], Message | None]
    unasked: Mapping[type[Event], Message] = field(default_factory=dict)  # instead, where the agency itself opened it
    confirming: Mapping[type[Event], Message] = field(default_factory=dict)  # instead, of a confirmation
    # Instead of both, where the population register told of something.
    by_register: Mapping[type[Event], Message] = field(default_factory=dict)

    @property
    def every_message(self) -> tuple[Message, ...]:
        """Every message of it, each once."""
        instead = (*self.unasked.values(), *self.by_register.values(), *self.confirming.values())
        every = (*self.messages.values(), *instead)
        return tuple(dict.fromkeys(each for each in every if each))

    def events(self) -> Iterator[type[Event]]:
        """Every event that may happen in it, the operation's aside; some more than once."""
        yield self.opened_by
        for stage in self.stages.values():
            yield from stage.transitions


def machine(  # noqa: PLR0913 - a row of the flow, read by its names
    name: str,
    queue: str,
    handlers: Mapping[type[Evidence], Decide],
    transitions: Mapping[type[Event], str],
    *,
    gather: Gather = clock_only,
    holds_persons: bool = False,
    opens: Mapping[type[Event], Open] | None = None,
    asks: Ask | None = None,
) -> Stage:
    """A stage that a worker decides."""
    return Stage(
        name, MACHINE, transitions, handlers, queue, gather, holds_persons=holds_persons, opens=opens or {}, asks=asks
    )


def people(  # noqa: PLR0913 - a row of the flow, read by its names
    name: str,
    owner: str,
    handlers: Mapping[type[Evidence], Decide],
    transitions: Mapping[type[Event], str],
    *,
    within: timedelta | None = None,
    reminders: tuple[timedelta, ...] = (),
    every: timedelta | None = None,
    holds_persons: bool = False,
    renewed_by: frozenset[type[Event]] = frozenset(),
    opens: Mapping[type[Event], Open] | None = None,
    gather: Gather = clock_only,
) -> Stage:
    """A stage that a person decides. Time passes there, too: it has a term, or is looked at again and again."""
    return Stage(
        name,
        owner,
        transitions,
        handlers,
        TIMERS,
        gather,
        within,
        reminders,
        every,
        holds_persons,
        renewed_by,
        opens or {},
    )


def waiting(  # noqa: PLR0913 - a row of the flow, read by its names
    name: str,
    handlers: Mapping[type[Evidence], Decide],
    transitions: Mapping[type[Event], str],
    *,
    within: timedelta,
    owner: str = OTHER_CASE,
    gather: Gather = opened_cases,
    holds_persons: bool = False,
) -> Stage:
    """A stage that waits for the case that this one opened, until that ends or is parked; or for another household.

    It ends in any case when its term is over.
    """
    return Stage(name, owner, transitions, handlers, TIMERS, gather, within, holds_persons=holds_persons)


def end(
    name: str,
    handlers: Mapping[type[Evidence], Decide] | None = None,
    transitions: Mapping[type[Event], str] | None = None,
    *,
    holds_persons: bool = False,
) -> Stage:
    """Nothing follows, unless somebody takes it up again."""
    return Stage(name, NOBODY, transitions or {}, handlers or {}, holds_persons=holds_persons)


def flow(  # noqa: PLR0913 - what a kind of case is made of
    kind: str,
    body: type[Body],
    opened_by: type[CaseOpened],
    *stages: Stage,
    messages: Mapping[type[Event], Message | None],
    unasked: Mapping[type[Event], Message] | None = None,
    confirming: Mapping[type[Event], Message] | None = None,
    by_register: Mapping[type[Event], Message] | None = None,
) -> Flow:
    """One kind of case."""
    by_name = {each.name: each for each in stages}
    return Flow(
        kind, body, opened_by, by_name, stages[0].name, messages, unasked or {}, confirming or {}, by_register or {}
    )
