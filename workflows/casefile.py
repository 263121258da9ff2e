"""The case file: what a stage may see of a case. Frozen; it holds no rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

import msgspec

from workflows.bodies.body import Body
from workflows.bodies.declaration import Declaration
from workflows.engine.lanes import INTERACTIVE
from workflows.events.event import BodyTaken, CaseOpened, Event, Recorded

E = TypeVar("E", bound=Event)


class Parent(NamedTuple):
    """The case that opened this one, and the sequence of the event by which it did."""

    case_id: int
    seq: int


class CaseFile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A case as a stage sees it: its body in force, what it is about, and the last event of each kind so far."""

    id: int
    reference: str
    kind: str
    stage: str
    version: int
    lane: int
    household_id: int | None  # what it is about, where that is a household
    body_number: int
    body: Any  # an instance of the class that its kind's flow names; of an erased one, nothing may be read
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None
    past: Mapping[type[Event], Recorded]
    stage_seq: int = 0  # sequence of the event that brought it to its stage; 0: it began there
    parent: Parent | None = None

    @classmethod
    def opened(cls, *, id: int, at: datetime, stage: str, body: Body, by: CaseOpened) -> "CaseFile":
        """The file of a case in which nothing has happened yet, as the event that opens it says."""
        return cls(
            id=id,
            reference=by.reference,
            kind=by.kind,
            stage=stage,
            version=0,
            lane=by.lane,
            household_id=by.household or None,
            body_number=by.body,
            body=body,
            submitted_at=at,
            stage_since=at,
            deadline=None,
            past={},
            parent=Parent(by.parent, by.parent_seq) if by.parent else None,
        )

    @property
    def declaration(self) -> Declaration:
        """The household as its body declares it. Raises AttributeError where the kind's body declares none."""
        declared: Declaration = self.body.declaration
        return declared

    def last(self, kind: type[E]) -> E:
        """The latest event of this kind. Raises KeyError where there is none: the flow does not allow it."""
        event = self.past[kind].event
        assert isinstance(event, kind)
        return event

    def latest(self, *kinds: type[Event]) -> Recorded:
        """The latest event of any of these kinds. Raises ValueError where there is none: the flow does not allow it."""
        return max((self.past[kind] for kind in kinds if kind in self.past), key=lambda recorded: recorded.seq)

    def last_here(self, kind: type[Event]) -> Recorded | None:
        """The latest event of this kind since the case came to its present stage.

        By sequence, whatever a clock said.
        """
        recorded = self.past.get(kind)
        return recorded if recorded is not None and recorded.seq > self.stage_seq else None

    def after(self, recorded: Recorded, stage: str, anew: bool = False) -> "CaseFile":
        """The file once this event is recorded and the case stands at `stage`.

        `anew`: the stage's periods begin with this event, though the case stood there before.
        """
        event = recorded.event
        past = {**self.past, type(event): recorded}
        since, seq, deadline = self.stage_since, self.stage_seq, self.deadline
        if anew or stage != self.stage:
            # Never before an earlier event, should a clock have gone back. Whoever answers a letter while it counts as
            # on its way, before the stage's periods begin, is not kept waiting by that.
            since = event.since or max(self.submitted_at, *[each.at for each in past.values()])
            seq, deadline = recorded.seq, None
        return msgspec.structs.replace(
            self,
            stage=stage,
            version=recorded.seq,
            lane=INTERACTIVE if event.interactive else self.lane,
            stage_since=since,
            stage_seq=seq,
            deadline=deadline,
            body_number=event.body if isinstance(event, BodyTaken) else self.body_number,
            past=past,
        )


class NewCase(NamedTuple):
    """A case that a decision opens: its kind, who goes first, the household that it is about, and its body."""

    kind: str
    lane: int
    household_id: int | None
    body: Body
