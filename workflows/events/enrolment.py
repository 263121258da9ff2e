"""What happens to an enrolment, whose subject is a person."""

import msgspec

from workflows.events.event import BodyTaken, CaseOpened, Event


class EnrolmentReceived(CaseOpened, frozen=True, kw_only=True, tag=True):
    """Somebody asks to be enrolled, or for a child; the receipt was given."""


class EnrolmentReminded(Event, frozen=True, kw_only=True, tag=True):
    """Nobody came to a centre yet: who asked is reminded for the n-th time."""

    reminder: int


class EnrolmentAttested(BodyTaken, frozen=True, kw_only=True, tag=True):
    """An officer saw the person and the papers, and completed the enrolment: the new body."""


class EnrolmentReturned(Event, frozen=True, kw_only=True, tag=True):
    """A second officer does not confirm it: it waits for the centre again."""

    reason: str  # a code
    attested_by: str


class EnrolmentConfirmed(Event, frozen=True, kw_only=True, tag=True):
    """A second officer confirms what the first one attested."""

    attested_by: str


class EnrolmentOverdue(Event, frozen=True, kw_only=True, tag=True):
    """No officer answered in time; the enrolment stays where it is, and moves up."""

    times: int


class Candidate(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An enrolled person who may be the same: in which zone, and why, in codes; and how likely, in bits."""

    idcs: str
    zone: str
    reasons: tuple[str, ...] = ()
    bits: float | None = None


class LikelyDuplicates(Event, frozen=True, kw_only=True, tag=True):
    """Enrolled people look like this one: an officer sees both, and no machine decides."""

    candidates: tuple[Candidate, ...]


class FoundAnother(Event, frozen=True, kw_only=True, tag=True):
    """An officer saw both sides: none of these is this person."""

    others: tuple[str, ...]  # their identifiers, with those that were told apart before
    attested_by: str


class EnrolledAlready(Event, frozen=True, kw_only=True, tag=True):
    """An officer saw both sides: this person has an identifier, which is told at the desk alone."""

    idcs: str
    attested_by: str


class PersonEnrolled(Event, frozen=True, kw_only=True, tag=True):
    """The person has an identifier, and stands in the population register."""

    idcs: str
