"""The case file: what a stage may see of a case. Frozen; it holds no rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from workflows.bodies.declaration import Declaration
from workflows.events import CorrectionReceived, Event, Recorded, ReviewReopened

E = TypeVar("E", bound=Event)


class CaseFile(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A case as a stage sees it: the declaration in force, and the last event of each kind so far."""

    id: int
    reference: str
    kind: str
    stage: str
    version: int
    lane: int
    household_id: int
    declaration_number: int
    declaration: Declaration
    submitted_at: datetime
    stage_since: datetime
    deadline: datetime | None
    past: Mapping[type[Event], Recorded]
    stage_seq: int = 0  # sequence of the event that brought it to its stage; 0: it began there

    @classmethod
    def opened(  # noqa: PLR0913 - all that a new case is made of
        cls,
        *,
        id: int,
        reference: str,
        kind: str,
        stage: str,
        lane: int,
        household_id: int,
        declaration: Declaration,
        at: datetime,
    ) -> "CaseFile":
        """The file of a case in which nothing has happened yet."""
        return cls(
            id=id,
            reference=reference,
            kind=kind,
            stage=stage,
            version=0,
            lane=lane,
            household_id=household_id,
            declaration_number=1,
            declaration=declaration,
            submitted_at=at,
            stage_since=at,
            deadline=None,
            past={},
        )

    def last(self, kind: type[E]) -> E:
        """The latest event of this kind. Raises KeyError where there is none: the map does not allow it."""
        event = self.past[kind].event
        assert isinstance(event, kind)
        return event

    def latest(self, *kinds: type[Event]) -> Recorded:
        """The latest event of any of these kinds. Raises ValueError where there is none: the map does not allow it."""
        return max((self.past[kind] for kind in kinds if kind in self.past), key=lambda recorded: recorded.seq)

    def last_here(self, kind: type[Event]) -> Recorded | None:
        """The latest event of this kind since the case came to its present stage: by sequence,
        whatever a clock said.
        """
        recorded = self.past.get(kind)
        return recorded if recorded is not None and recorded.seq > self.stage_seq else None

    def after(self, recorded: Recorded, stage: str) -> "CaseFile":
        """The file once this event is recorded and the case stands at `stage`; since when is never before an earlier
        event, should a clock have gone back.
        """
        event = recorded.event
        number = event.declaration if isinstance(event, CorrectionReceived) else self.declaration_number
        past = {**self.past, type(event): recorded}
        since, seq, deadline = self.stage_since, self.stage_seq, self.deadline
        if stage != self.stage:
            since = (
                event.since
                if isinstance(event, ReviewReopened)
                else max(since, max([each.at for each in past.values()]))
            )
            seq, deadline = recorded.seq, None
        return msgspec.structs.replace(
            self,
            stage=stage,
            version=recorded.seq,
            stage_since=since,
            stage_seq=seq,
            deadline=deadline,
            declaration_number=number,
            past=past,
        )
