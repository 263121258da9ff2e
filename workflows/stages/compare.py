"""Was the change made on the household as the register knows it now? Else both changes are brought together."""

from collections.abc import Mapping, Sequence

from workflows.casefile import CaseFile
from workflows.events.update import (
    ChangeAccepted,
    ChangeConflicts,
    ChangeRebased,
    CorrectionAccepted,
    DepartureDeclared,
    HouseholdGone,
    RemovalAnnounced,
    ReviewOrdered,
)
from workflows.evidence import Comparison
from workflows.registers.ports import Ports


def gather(batch: Sequence[CaseFile], ports: Ports) -> Mapping[int, Comparison]:
    """Each change beside the last version of its household; a declaration with both changes is stored at once."""
    return ports.register.compare(batch)


def decide(
    case: CaseFile, answer: Comparison
) -> (
    ChangeAccepted
    | CorrectionAccepted
    | DepartureDeclared
    | ChangeRebased
    | ChangeConflicts
    | RemovalAnnounced
    | ReviewOrdered
    | HouseholdGone
):
    """A change of other fields than those that changed meanwhile goes on; of the same fields, the citizen chooses."""
    if not answer.last_version:
        return HouseholdGone()
    if answer.conflicts:
        return ChangeConflicts(version=answer.last_version, fields=answer.conflicts)
    if answer.body:
        return ChangeRebased(version=answer.last_version, body=answer.body, digest=answer.digest)
    if case.body.unasked and ReviewOrdered not in case.past:
        return ReviewOrdered(version=answer.last_version)
    if case.body.ends_household:
        return RemovalAnnounced(version=answer.last_version)
    if case.body.left_by and DepartureDeclared not in case.past:
        return DepartureDeclared(version=answer.last_version, fields=answer.fields)
    if case.body.by_appeal:
        return CorrectionAccepted(version=answer.last_version, fields=answer.fields)
    return ChangeAccepted(version=answer.last_version, fields=answer.fields)
